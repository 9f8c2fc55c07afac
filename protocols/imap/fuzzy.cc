#include "protocols/imap/fuzzy.h"

#include <algorithm>

#include "base/text.h"

namespace waxwing::imap {
namespace {

// One bit for each place in the word, and one behind it. Nobody has mistyped a longer one.
constexpr std::size_t kMaxWord = 63;
constexpr std::size_t kMaxErrors = 2;

bool is_word_char(char c) {
  return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

FuzzyWord::FuzzyWord(std::string_view word) : text_(word.substr(0, kMaxWord)) {
  errors_ = std::min(text_.size() / 4, kMaxErrors);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    places_[static_cast<unsigned char>(text_[i])] |= std::uint64_t{1} << i;
  }
}

// Bit i of `reached[e]`: the text since the beginning of its word is the first i octets of this
// one, with e errors or fewer. All places move on with one step for each octet.
bool FuzzyWord::is_near(std::string_view text) const {
  const std::uint64_t whole = std::uint64_t{1} << text_.size();
  std::array<std::uint64_t, kMaxErrors + 1> start{}, reached{};
  // An octet that is missing in the text is passed without one.
  for (std::size_t e = 0; e <= errors_; ++e) start[e] = (std::uint64_t{2} << e) - 1;
  bool is_inside = false;
  for (const char c : text) {
    if (!is_word_char(c)) {
      is_inside = false;
      continue;
    }
    if (!is_inside) reached = start;
    is_inside = true;
    const std::uint64_t places = places_[static_cast<unsigned char>(c)];
    std::uint64_t fewer_before = 0, fewer_now = 0;
    for (std::size_t e = 0; e <= errors_; ++e) {
      const std::uint64_t before = reached[e];
      const std::uint64_t wrong_or_missing = (fewer_before | fewer_now) << 1;
      const std::uint64_t additional = fewer_before;
      reached[e] = (before & places) << 1 | wrong_or_missing | additional;
      fewer_before = before;
      fewer_now = reached[e];
    }
    if ((reached[errors_] & whole) != 0) return true;
  }
  return false;
}

std::vector<std::string_view> fuzzy_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_word_char(text[end])) ++end;
    if (end > at) words.push_back(text.substr(at, end - at));
    at = std::max(end, at + 1);
  }
  return words;
}

}  // namespace waxwing::imap
