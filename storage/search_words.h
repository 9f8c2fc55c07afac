#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing {

// How the text index cuts folded text into words, such that a text without separators is found in
// some word, whole, wherever it is found at all. A word is letters, digits and octets that are not
// ASCII; one of . @ _ - ' + between two of them is part of it, so that addresses are words.

// Words shorter than this are not kept: fewer octets have no trigram.
constexpr std::size_t kMinWord = 3;
// Longer ones come in pieces.
constexpr std::size_t kMaxWord = 64;

// Cuts a text that comes in pieces of any size. Held by one thread at a time.
class WordCutter {
 public:
  enum class Kind { Letter, Joint, Separator };
  static Kind kind_of(char c);

  struct Word {
    std::string_view text;  // valid until the next call
    // One of several of a long word, which overlap by two octets: every trigram of it is in one.
    bool is_piece = false;
  };

  // Calls `visit(Word)` for each word that ends in this text.
  template <typename Visit>
  void feed(std::string_view text, Visit&& visit) {
    for (const char c : text) {
      const Kind kind = kind_of(c);
      if (kind == Kind::Letter) {
        if (joint_ != '\0') word_ += joint_;
        word_ += c;
        joint_ = '\0';
        if (word_.size() >= kMaxWord) cut(visit);
      } else if (kind == Kind::Joint && !word_.empty() && joint_ == '\0') {
        joint_ = c;
      } else {
        finish(visit);
      }
    }
  }
  // The text ends, and what follows is another one.
  template <typename Visit>
  void finish(Visit&& visit) {
    const bool is_short = word_.size() < kMinWord;
    if (!is_short) visit(Word{word_, is_piece_});
    word_.clear();
    joint_ = '\0';
    is_piece_ = false;
  }

 private:
  template <typename Visit>
  void cut(Visit&& visit) {
    is_piece_ = true;
    visit(Word{word_, true});
    word_.erase(0, word_.size() - 2);
  }

  std::string word_;
  char joint_ = '\0';  // stands behind word_; part of it when a letter follows
  bool is_piece_ = false;
};

// Of a text that is looked for: a text that some word of every text with it contains.
struct SearchedWord {
  std::string text;
  bool begins_word = false;  // that word begins with it
  bool ends_word = false;
  bool operator==(const SearchedWord&) const = default;
};

// All of at least kMinWord octets.
std::vector<SearchedWord> cut_needle(std::string_view needle);
// It is one such word: whatever contains it has a word that does.
bool is_one_word(std::string_view needle);

// Every three octets in a row, each once, ascending.
std::vector<unsigned> trigrams(std::string_view text);

}  // namespace waxwing
