#include "protocols/imap/fuzzy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace waxwing::imap {
namespace {

bool is_near(std::string_view word, std::string_view text) {
  return FuzzyWord(word).is_near(text);
}

TEST(FuzzyWord, ForgivesTypingErrors) {
  EXPECT_TRUE(is_near("lunch", "lunch"));
  EXPECT_TRUE(is_near("lunch", "we had a lnch"));
  EXPECT_TRUE(is_near("lunch", "luunch at noon"));
  EXPECT_TRUE(is_near("lunch", "(lumch)"));
  EXPECT_TRUE(is_near("helo", "hello"));
  EXPECT_TRUE(is_near("helo", "help"));
  EXPECT_FALSE(is_near("lunch", "lnh"));
  EXPECT_FALSE(is_near("lunch", "brunches"));
  EXPECT_FALSE(is_near("lunch", "l-u-n-c-h"));
  EXPECT_TRUE(is_near("conference", "konferenc"));
  EXPECT_FALSE(is_near("conference", "konferenz"));
  EXPECT_TRUE(is_near("gr\u00f6ssen", "grossen"));
}

TEST(FuzzyWord, ForgivesNothingInShortOnes) {
  EXPECT_TRUE(is_near("the", "The the"));
  EXPECT_FALSE(is_near("the", "tha thi"));
  EXPECT_FALSE(is_near("the", "th"));
}

TEST(FuzzyWord, TakesEndingsButNoBeginnings) {
  EXPECT_TRUE(is_near("work", "working"));
  EXPECT_FALSE(is_near("work", "firework"));
  EXPECT_FALSE(is_near("lunch", ""));
  EXPECT_FALSE(is_near("lunch", "lu nch"));
}

TEST(FuzzyWord, IsCutWhereItIsLong) {
  const std::string many(1000, 'a');
  EXPECT_TRUE(is_near(many, many));
  EXPECT_TRUE(is_near(many, std::string(61, 'a')));
  EXPECT_FALSE(is_near(many, std::string(60, 'a')));
}

// How many octets have to be changed to make a beginning of the text of the word.
std::size_t distance(const std::string& word, const std::string& text) {
  std::vector<std::size_t> row(word.size() + 1);
  for (std::size_t i = 0; i <= word.size(); ++i) row[i] = i;
  std::size_t best = row.back();
  for (std::size_t j = 1; j <= text.size(); ++j) {
    std::size_t diagonal = row[0]++;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      const std::size_t same = diagonal + (word[i - 1] == text[j - 1] ? 0 : 1);
      diagonal = row[i];
      row[i] = std::min({same, row[i] + 1, row[i - 1] + 1});
    }
    best = std::min(best, row.back());
  }
  return best;
}

TEST(FuzzyWord, CountsErrorsAsATableWould) {
  std::mt19937 random(5);
  const auto text = [&](std::size_t size) {
    std::string letters(size, 'a');
    for (char& c : letters) c = static_cast<char>('a' + random() % 3);
    return letters;
  };
  for (int round = 0; round < 20'000; ++round) {
    const std::string word = text(1 + random() % 10), other = text(1 + random() % 12);
    ASSERT_EQ(is_near(word, other),
              distance(word, other) <= std::min<std::size_t>(word.size() / 4, 2))
        << word << " " << other;
  }
}

TEST(FuzzyWords, AreLettersAndDigits) {
  const auto words = fuzzy_words(" imap4 is-broken, gr\u00f6\u00dfe!");
  EXPECT_EQ(words, (std::vector<std::string_view>{"imap4", "is", "broken", "gr\u00f6\u00dfe"}));
  EXPECT_TRUE(fuzzy_words("...").empty());
}

}  // namespace
}  // namespace waxwing::imap
