#include "storage/search_words.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace waxwing {
namespace {

std::vector<std::string> words_of(const std::vector<std::string>& pieces) {
  std::vector<std::string> words;
  WordCutter cutter;
  const auto visit = [&](WordCutter::Word word) {
    words.push_back(std::string(word.text) + (word.is_piece ? "*" : ""));
  };
  for (const auto& piece : pieces) cutter.feed(piece, visit);
  cutter.finish(visit);
  return words;
}

TEST(WordCutter, KeepsAddressesAndCompoundsWhole) {
  EXPECT_EQ(
      words_of({"mail alice@example.test, or the well-known o'neill."}),
      (std::vector<std::string>{"mail", "alice@example.test", "the", "well-known", "o'neill"}));
  EXPECT_EQ(words_of({"..abc--def._ghi"}), (std::vector<std::string>{"abc", "def", "ghi"}));
}

TEST(WordCutter, DoesNotSeeWherePiecesEnd) {
  EXPECT_EQ(words_of({"ab", "c", ".", "d ef", "gh"}), (std::vector<std::string>{"abc.d", "efgh"}));
}

TEST(WordCutter, GivesLongWordsInPiecesThatOverlap) {
  const std::string first(kMaxWord, 'a');
  EXPECT_EQ(words_of({first + "bc"}), (std::vector<std::string>{first + "*", "aabc*"}));
}

TEST(CutNeedle, SaysWhereAWordMustBeginAndEnd) {
  EXPECT_EQ(cut_needle("nual report f"),
            (std::vector<SearchedWord>{{"nual", false, true}, {"report", true, true}}));
  EXPECT_EQ(cut_needle(" report."), (std::vector<SearchedWord>{{"report", true, false}}));
  EXPECT_EQ(cut_needle(".report. "), (std::vector<SearchedWord>{{"report", false, true}}));
  EXPECT_TRUE(cut_needle("a, b").empty());
  EXPECT_TRUE(is_one_word("alice@example"));
  EXPECT_FALSE(is_one_word("alice@"));
  EXPECT_FALSE(is_one_word("ab"));
}

// What the whole index stands on: a text that has the needle has its words.
TEST(CutNeedle, WordsAreInEveryTextWithTheNeedle) {
  std::mt19937 random(7);
  const std::string letters =
      "ab.@-  \n\x80"
      "c";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t n = random() % 40; n > 0; --n) text += letters[random() % letters.size()];
    if (round % 50 == 0) text += std::string(kMaxWord + random() % 80, 'a') + ".b";
    const std::size_t first = random() % (text.size() + 1);
    const std::string needle = text.substr(first, 1 + random() % 12);
    std::string dictionary = "\n";
    WordCutter cutter;
    std::vector<std::string> pieces;
    const auto visit = [&](WordCutter::Word word) {
      if (word.is_piece) {
        pieces.emplace_back(word.text);
      } else {
        dictionary += std::string(word.text) + "\n";
      }
    };
    cutter.feed(text, visit);
    cutter.finish(visit);
    for (const SearchedWord& word : cut_needle(needle)) {
      const std::string pattern =
          (word.begins_word ? "\n" : "") + word.text + (word.ends_word ? "\n" : "");
      bool is_there = dictionary.find(pattern) != dictionary.npos;
      if (!is_there) {
        is_there = true;
        for (const unsigned trigram : trigrams(word.text)) {
          bool is_in_piece = false;
          for (const auto& piece : pieces) {
            const auto all = trigrams(piece);
            is_in_piece = is_in_piece || std::binary_search(all.begin(), all.end(), trigram);
          }
          is_there = is_there && is_in_piece;
        }
      }
      EXPECT_TRUE(is_there) << "\"" << needle << "\" in \"" << text << "\"";
    }
    if (is_one_word(needle) && needle.size() < kMaxWord) {
      EXPECT_EQ(cut_needle(needle).front(), (SearchedWord{needle, false, false}));
    }
  }
}

}  // namespace
}  // namespace waxwing
