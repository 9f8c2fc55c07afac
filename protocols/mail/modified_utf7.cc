#include "protocols/mail/modified_utf7.h"

#include <cstdint>
#include <vector>

#include "base/text.h"
#include "protocols/mail/charset.h"

namespace waxwing::mail {
namespace {

// Base64 with "," for "/" and without "=".
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool is_plain(char32_t character) {
  return character >= ' ' && character < 0x7f;
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
    const std::size_t sextet = kAlphabet.find(c);
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

bool append_units(std::string& text, const std::vector<std::uint32_t>& units, Utf7 how) {
  for (std::size_t i = 0; i < units.size(); ++i) {
    std::uint32_t character = units[i];
    if (is_surrogate(character)) {
      const bool is_pair = character < 0xdc00 && i + 1 < units.size() &&
                           is_surrogate(units[i + 1]) && units[i + 1] >= 0xdc00;
      if (!is_pair) return false;
      character = 0x10000 + ((character - 0xd800) << 10) + (units[++i] - 0xdc00);
    }
    // What can stand for itself must.
    if (how == Utf7::Strict && is_plain(character)) return false;
    append_utf8(text, character);
  }
  return true;
}

// Gathers UTF-16 code units between "&" and "-".
class Run {
 public:
  explicit Run(std::string& text) : text_(text) {}

  void put(std::uint32_t unit) {
    if (!open_) text_ += '&';
    open_ = true;
    bits_ = bits_ << 16 | unit;
    count_ += 16;
    while (count_ >= 6) {
      count_ -= 6;
      text_ += kAlphabet[bits_ >> count_ & 0x3f];
    }
    bits_ &= (1u << count_) - 1;
  }

  void end() {
    if (!open_) return;
    if (count_ > 0) text_ += kAlphabet[bits_ << (6 - count_) & 0x3f];
    text_ += '-';
    open_ = false;
    bits_ = 0;
    count_ = 0;
  }

 private:
  std::string& text_;
  std::uint32_t bits_ = 0;
  int count_ = 0;
  bool open_ = false;
};

}  // namespace

std::string to_modified_utf7(std::string_view utf8, std::string_view also) {
  std::string text;
  Run run(text);
  for (std::size_t i = 0; i < utf8.size();) {
    const char32_t character = next_character(utf8, i);
    if (is_plain(character) && also.find(static_cast<char>(character)) == also.npos) {
      run.end();
      text += static_cast<char>(character);
      if (character == '&') text += '-';
    } else if (character >= 0x10000) {
      run.put(0xd800 + ((character - 0x10000) >> 10));
      run.put(0xdc00 + ((character - 0x10000) & 0x3ff));
    } else {
      run.put(character);
    }
  }
  run.end();
  return text;
}

std::optional<std::string> from_modified_utf7(std::string_view text, Utf7 how) {
  std::string utf8;
  bool after_run = false;  // two runs must not touch
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '&') {
      if (how == Utf7::Strict && !is_plain(static_cast<unsigned char>(text[i]))) return {};
      utf8 += text[i];
      after_run = false;
      continue;
    }
    const std::size_t end = text.find('-', i);
    if (end == text.npos) return {};
    const std::string_view run = text.substr(i + 1, end - i - 1);
    i = end;
    if (run.empty()) {
      utf8 += '&';
      after_run = false;
      continue;
    }
    const auto units = code_units(run);
    if (!units || !append_units(utf8, *units, how) || (after_run && how == Utf7::Strict)) return {};
    after_run = true;
  }
  if (!is_utf8(utf8)) return {};
  return utf8;
}

}  // namespace waxwing::mail
