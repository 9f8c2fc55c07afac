#include "auth/verified_passwords.h"

#include <gtest/gtest.h>

#include <string>

namespace waxwing {
namespace {

TEST(VerifiedPasswords, KnowsWhatWasAddedForThatVersionOnly) {
  FakeClock clock;
  VerifiedPasswords verified(clock);
  verified.add({1, 1}, "secret");
  EXPECT_TRUE(verified.contains({1, 1}, "secret"));
  EXPECT_FALSE(verified.contains({1, 1}, "Secret"));
  EXPECT_FALSE(verified.contains({1, 2}, "secret"));
  EXPECT_FALSE(verified.contains({2, 1}, "secret"));
  EXPECT_FALSE(verified.contains({11, 1}, "secret"));
  EXPECT_FALSE(verified.contains({1, 11}, "secret"));
}

TEST(VerifiedPasswords, ForgetsAfterMinutes) {
  FakeClock clock;
  VerifiedPasswords verified(clock);
  verified.add({1, 1}, "secret");
  clock.advance(std::chrono::minutes(9));
  EXPECT_TRUE(verified.contains({1, 1}, "secret"));
  clock.advance(std::chrono::minutes(1));
  EXPECT_FALSE(verified.contains({1, 1}, "secret"));
  verified.add({1, 1}, "secret");
  EXPECT_TRUE(verified.contains({1, 1}, "secret"));
}

TEST(VerifiedPasswords, StaysSmall) {
  FakeClock clock;
  VerifiedPasswords verified(clock, {.max_entries = 10});
  for (int i = 1; i <= 100; ++i) verified.add({i, 1}, "secret");
  EXPECT_FALSE(verified.contains({90, 1}, "secret"));
  EXPECT_TRUE(verified.contains({91, 1}, "secret"));
  EXPECT_TRUE(verified.contains({100, 1}, "secret"));
}

}  // namespace
}  // namespace waxwing
