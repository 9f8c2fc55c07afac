#include "protocols/imap/name.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/text.h"
#include "protocols/mail/charset.h"

namespace waxwing::imap {
namespace {

// No store takes a name this long, and matching costs time.
constexpr std::size_t kMaxPattern = 4096;

// Base64 with "," for "/" and without "=".
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool is_plain(char c) {
  return c >= ' ' && c < 0x7f && c != '&';
}

bool is_surrogate(std::uint32_t unit) {
  return unit >= 0xd800 && unit < 0xe000;
}

// The UTF-16 code units of one shifted run. Nothing when its last bits are not padding.
std::optional<std::vector<std::uint32_t>> code_units(std::string_view run) {
  std::vector<std::uint32_t> units;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : run) {
    std::size_t sextet = kAlphabet.find(c);
    if (sextet == kAlphabet.npos) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(sextet);
    count += 6;
    if (count >= 16) {
      count -= 16;
      units.push_back(bits >> count & 0xffff);
      bits &= (1u << count) - 1;
    }
  }
  if (count >= 6 || bits != 0 || units.empty()) return {};
  return units;
}

bool append_units(std::string& text, const std::vector<std::uint32_t>& units) {
  for (std::size_t i = 0; i < units.size(); ++i) {
    std::uint32_t character = units[i];
    if (is_surrogate(character)) {
      bool is_pair = character < 0xdc00 && i + 1 < units.size() && is_surrogate(units[i + 1]) &&
                     units[i + 1] >= 0xdc00;
      if (!is_pair) return false;
      character = 0x10000 + ((character - 0xd800) << 10) + (units[++i] - 0xdc00);
    }
    // What can stand for itself must.
    if (character >= ' ' && character < 0x7f) return false;
    mail::append_utf8(text, character);
  }
  return true;
}

// The next character of well-formed UTF-8; moves `position` behind it.
std::uint32_t next_character(std::string_view text, std::size_t& position) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::uint32_t first = byte(position++);
  if (first < 0x80) return first;
  int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  std::uint32_t character = first & (0x3f >> more);
  while (more-- > 0 && position < text.size()) {
    character = character << 6 | (byte(position++) & 0x3f);
  }
  return character;
}

// C0, DEL, C1 and the line and paragraph separators.  RFC 9051 section 5.1, RFC 5198
bool has_controls(std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size();) {
    std::uint32_t character = next_character(utf8, i);
    if (character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
        character == 0x2029) {
      return true;
    }
  }
  return false;
}

std::optional<std::string> to_canonical_utf8(std::string_view wire, NameEncoding encoding) {
  std::optional<std::string> utf8;
  // Clients that never heard of UTF-7 send UTF-8 whether it was enabled or not.
  if (encoding == NameEncoding::Utf8 || !is_ascii(wire)) {
    if (is_utf8(wire)) utf8 = wire;
  } else {
    utf8 = utf7_to_utf8(wire);
  }
  return utf8 ? mail::to_nfc(*utf8) : std::nullopt;
}

bool is_inbox_or_below(std::string_view name) {
  return starts_with_ignoring_case(name, "INBOX") && (name.size() == 5 || name[5] == '/');
}

std::string without_repeated_wildcards(std::string_view pattern) {
  std::string shorter;
  for (char c : pattern) {
    bool is_wildcard = c == '*' || c == '%';
    bool follows_wildcard = !shorter.empty() && (shorter.back() == '*' || shorter.back() == '%');
    if (!is_wildcard || !follows_wildcard) {
      shorter += c;
    } else if (c == '*') {
      shorter.back() = '*';
    }
  }
  return shorter;
}

}  // namespace

std::optional<std::string> utf7_to_utf8(std::string_view text) {
  std::string utf8;
  bool after_shift = false;  // two shifted runs must not touch
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '&') {
      if (!is_plain(text[i])) return {};
      utf8 += text[i];
      after_shift = false;
      continue;
    }
    std::size_t end = text.find('-', i);
    if (end == text.npos) return {};
    std::string_view run = text.substr(i + 1, end - i - 1);
    i = end;
    if (run.empty()) {
      utf8 += '&';
      after_shift = false;
      continue;
    }
    auto units = code_units(run);
    if (after_shift || !units || !append_units(utf8, *units)) return {};
    after_shift = true;
  }
  return utf8;
}

std::string utf8_to_utf7(std::string_view text) {
  std::string utf7;
  std::uint32_t bits = 0;
  int count = 0;
  bool is_shifted = false;
  auto put = [&](std::uint32_t unit) {
    bits = bits << 16 | unit;
    count += 16;
    while (count >= 6) {
      count -= 6;
      utf7 += kAlphabet[bits >> count & 0x3f];
    }
    bits &= (1u << count) - 1;
  };
  auto unshift = [&] {
    if (!is_shifted) return;
    if (count > 0) utf7 += kAlphabet[bits << (6 - count) & 0x3f];
    utf7 += '-';
    bits = 0;
    count = 0;
    is_shifted = false;
  };
  for (std::size_t i = 0; i < text.size();) {
    std::uint32_t character = next_character(text, i);
    if (character >= ' ' && character < 0x7f) {
      unshift();
      utf7 += static_cast<char>(character);
      if (character == '&') utf7 += '-';
      continue;
    }
    if (!is_shifted) utf7 += '&';
    is_shifted = true;
    if (character >= 0x10000) {
      put(0xd800 + ((character - 0x10000) >> 10));
      put(0xdc00 + ((character - 0x10000) & 0x3ff));
    } else {
      put(character);
    }
  }
  unshift();
  return utf7;
}

Result<std::string> decode_name(std::string_view wire, NameEncoding encoding) {
  auto invalid = [](const char* text) { return fail(Error::Code::Invalid, text); };
  auto name = to_canonical_utf8(wire, encoding);
  if (!name) {
    return invalid(encoding == NameEncoding::Utf8 ? "The mailbox name is not UTF-8"
                                                  : "The mailbox name is not modified UTF-7");
  }
  if (name->ends_with('/')) name->pop_back();
  if (name->empty()) return invalid("The mailbox name is empty");
  if (name->starts_with('/') || name->ends_with('/') || name->find("//") != name->npos) {
    return invalid("A level of the mailbox name is empty");
  }
  if (name->find_first_of("*%") != name->npos) {
    return invalid("A mailbox name holds neither * nor %");
  }
  if (has_controls(*name)) return invalid("A mailbox name holds no control characters");
  if (is_inbox_or_below(*name)) name->replace(0, 5, "INBOX");
  return std::move(*name);
}

std::string encode_name(std::string_view name, NameEncoding encoding) {
  return encoding == NameEncoding::Utf8 ? std::string(name) : utf8_to_utf7(name);
}

std::optional<std::string> canonical_pattern(std::string_view reference, std::string_view pattern,
                                             NameEncoding encoding) {
  auto first = to_canonical_utf8(reference, encoding);
  auto second = to_canonical_utf8(pattern, encoding);
  if (!first || !second) return {};
  std::string whole = without_repeated_wildcards(*first + *second);
  if (whole.size() > kMaxPattern) return {};
  return whole;
}

bool matches_pattern(std::string_view name, std::string_view pattern) {
  std::size_t inbox = is_inbox_or_below(name) ? 5 : 0;
  // reached[j]: what was read of the name matches the first j bytes of the pattern.
  std::vector<char> reached(pattern.size() + 1, 0), next;
  auto pass_wildcards = [&] {
    for (std::size_t j = 0; j < pattern.size(); ++j) {
      if (reached[j] && (pattern[j] == '*' || pattern[j] == '%')) reached[j + 1] = 1;
    }
  };
  reached[0] = 1;
  pass_wildcards();
  for (std::size_t i = 0; i < name.size(); ++i) {
    next.assign(pattern.size() + 1, 0);
    for (std::size_t j = 0; j < pattern.size(); ++j) {
      if (!reached[j]) continue;
      if (pattern[j] == '*' || pattern[j] == '%') {
        if (pattern[j] == '*' || name[i] != '/') next[j] = 1;
      } else if (i < inbox ? to_upper(pattern[j]) == name[i] : pattern[j] == name[i]) {
        next[j + 1] = 1;
      }
    }
    reached.swap(next);
    pass_wildcards();
  }
  return reached[pattern.size()];
}

}  // namespace waxwing::imap
