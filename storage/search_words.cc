#include "storage/search_words.h"

#include <algorithm>

#include "base/text.h"

namespace waxwing {

WordCutter::Kind WordCutter::kind_of(char c) {
  if (is_alnum(c) || static_cast<unsigned char>(c) >= 0x80) return Kind::Letter;
  const bool is_joint = std::string_view(".@_-'+").find(c) != std::string_view::npos;
  return is_joint ? Kind::Joint : Kind::Separator;
}

std::vector<SearchedWord> cut_needle(std::string_view needle) {
  using Kind = WordCutter::Kind;
  const auto kind = [&](std::size_t i) { return WordCutter::kind_of(needle[i]); };
  const auto is_letter = [&](std::size_t i) {
    return i < needle.size() && kind(i) == Kind::Letter;
  };
  std::vector<SearchedWord> words;
  for (std::size_t begin = 0; begin < needle.size();) {
    if (!is_letter(begin)) {
      ++begin;
      continue;
    }
    std::size_t end = begin + 1;
    while (is_letter(end) ||
           (end < needle.size() && kind(end) == Kind::Joint && is_letter(end + 1))) {
      ++end;
    }
    // A joint at the edge of the needle may go on to a letter that the needle does not have.
    const bool begins = begin > 1 || (begin == 1 && kind(0) == Kind::Separator);
    const bool ends =
        end + 1 < needle.size() || (end + 1 == needle.size() && kind(end) == Kind::Separator);
    if (end - begin >= kMinWord) {
      words.push_back({std::string(needle.substr(begin, end - begin)), begins, ends});
    }
    begin = end;
  }
  return words;
}

bool is_one_word(std::string_view needle) {
  const auto words = cut_needle(needle);
  return words.size() == 1 && words[0].text.size() == needle.size();
}

std::vector<unsigned> trigrams(std::string_view text) {
  std::vector<unsigned> result;
  const auto octet = [&](std::size_t i) { return unsigned{static_cast<unsigned char>(text[i])}; };
  for (std::size_t i = 0; i + kMinWord <= text.size(); ++i) {
    result.push_back(octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2));
  }
  std::ranges::sort(result);
  result.erase(std::ranges::unique(result).begin(), result.end());
  return result;
}

}  // namespace waxwing
