#include "auth/read_cache.h"

#include <gtest/gtest.h>

namespace waxwing {
namespace {

TEST(ReadCache, ForgetsWithEveryWriteAndTakesNothingOlder) {
  ReadCache<int> cache(10);
  const auto before = cache.moment();
  cache.add("a", 1, before);
  EXPECT_EQ(cache.find("a"), 1);
  EXPECT_EQ(cache.find("b"), std::nullopt);
  cache.forget();
  EXPECT_EQ(cache.find("a"), std::nullopt);
  cache.add("a", 1, before);
  EXPECT_EQ(cache.find("a"), std::nullopt) << "read before the write";
  cache.add("a", 2, cache.moment());
  EXPECT_EQ(cache.find("a"), 2);
}

TEST(ReadCache, KnowsThatThereIsNothing) {
  ReadCache<std::optional<int>> cache(10);
  cache.add("nobody", std::nullopt, cache.moment());
  const auto known = cache.find("nobody");
  ASSERT_TRUE(known.has_value());
  EXPECT_FALSE(known->has_value());
  EXPECT_FALSE(cache.find("somebody").has_value());
}

TEST(ReadCache, StaysSmall) {
  ReadCache<int> cache(10);
  int found = 0;
  for (int i = 0; i < 1000; ++i) cache.add(std::to_string(i), i, cache.moment());
  for (int i = 0; i < 1000; ++i) found += cache.find(std::to_string(i)).has_value();
  EXPECT_LE(found, 10);
  EXPECT_EQ(cache.find("999"), 999);
}

}  // namespace
}  // namespace waxwing
