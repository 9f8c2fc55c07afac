#include "protocols/imap/name.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/modified_utf7.h"

namespace waxwing::imap {
namespace {

// No store takes a name this long, and matching costs time.
constexpr std::size_t kMaxPattern = 4096;

// C0, DEL, C1 and the line and paragraph separators.  RFC 9051 section 5.1, RFC 5198
bool has_controls(std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size();) {
    const char32_t character = mail::next_character(utf8, i);
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
    utf8 = mail::from_modified_utf7(wire, mail::Utf7::Strict);
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
  return encoding == NameEncoding::Utf8 ? std::string(name) : mail::to_modified_utf7(name);
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

// The places in the pattern up to which it matches what was read of the name are bits, so that one
// octet of the name moves 64 of them at once, and none is ever gone back to.
Pattern::Pattern(std::string_view text) {
  const std::string pattern = without_repeated_wildcards(text);
  end_ = pattern.size();
  words_ = end_ / 64 + 1;
  stars_.assign(words_, 0);
  all_wildcards_.assign(words_, 0);
  octets_.assign(words_, 0);
  for (std::size_t j = 0; j < end_; ++j) {
    const Word bit = Word{1} << (j % 64);
    const char c = pattern[j];
    if (c == '*' || c == '%') {
      ++wildcards_;
      all_wildcards_[j / 64] |= bit;
      if (c == '*') stars_[j / 64] |= bit;
      continue;
    }
    std::uint16_t& row = rows_[static_cast<unsigned char>(c)];
    if (row == 0) {
      row = static_cast<std::uint16_t>(octets_.size() / words_);
      octets_.resize(octets_.size() + words_, 0);
    }
    octets_[row * words_ + j / 64] |= bit;
  }
}

const Pattern::Word* Pattern::places_of(char c) const {
  return octets_.data() + rows_[static_cast<unsigned char>(c)] * words_;
}

bool Pattern::matches(std::string_view name) const {
  if (end_ - wildcards_ > name.size()) return false;
  const std::size_t inbox = is_inbox_or_below(name) ? 5 : 0;
  std::vector<Word> reached(words_, 0);
  reached[0] = 1 | (all_wildcards_[0] & 1) << 1;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const Word* same = places_of(name[i]);
    const Word* other_case = i < inbox ? places_of(to_lower(name[i])) : same;
    const auto& staying = name[i] == '/' ? stars_ : all_wildcards_;
    Word moved_in = 0, passed_in = 0, any = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      const Word moving = reached[w] & (same[w] | other_case[w]);
      Word next = moving << 1 | moved_in | (reached[w] & staying[w]);
      moved_in = moving >> 63;
      // A wildcard may stand for nothing. No other follows it.
      const Word passed = next & all_wildcards_[w];
      next |= passed << 1 | passed_in;
      passed_in = passed >> 63;
      reached[w] = next;
      any |= next;
    }
    if (any == 0) return false;
  }
  return (reached[end_ / 64] >> (end_ % 64) & 1) != 0;
}

bool matches_pattern(std::string_view name, std::string_view pattern) {
  return Pattern(pattern).matches(name);
}

}  // namespace waxwing::imap
