#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing::imap {

// A word that is found in spite of typing errors and endings: one wrong, missing or additional
// octet in a word of four, two in one of eight. Texts are folded.  RFC 6203
class FuzzyWord {
 public:
  explicit FuzzyWord(std::string_view word);

  const std::string& text() const { return text_; }
  // Some word of the text begins like this one. In time that grows with the text alone.
  bool is_near(std::string_view text) const;
  bool operator==(const FuzzyWord&) const = default;

 private:
  std::string text_;
  std::size_t errors_ = 0;                   // that are forgiven
  std::array<std::uint64_t, 256> places_{};  // of each octet in the word, a bit each
};

// The words of a text: runs of letters, digits and what is not ASCII.
std::vector<std::string_view> fuzzy_words(std::string_view text);

}  // namespace waxwing::imap
