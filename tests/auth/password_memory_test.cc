#include "auth/password_memory.h"

#include <gtest/gtest.h>

#include <string>

namespace waxwing {
namespace {

TEST(PasswordMemory, KnowsWhatWasAddedForThatSubjectOnly) {
  FakeClock clock;
  PasswordMemory memory(clock);
  memory.add("1:1", "secret");
  EXPECT_TRUE(memory.contains("1:1", "secret"));
  EXPECT_FALSE(memory.contains("1:1", "Secret"));
  EXPECT_FALSE(memory.contains("1:2", "secret"));
  EXPECT_FALSE(memory.contains("1:1s", "ecret"));
  EXPECT_FALSE(memory.contains("1:", "1secret"));
}

TEST(PasswordMemory, ForgetsAfterMinutes) {
  FakeClock clock;
  PasswordMemory memory(clock);
  memory.add("1:1", "secret");
  clock.advance(std::chrono::minutes(9));
  EXPECT_TRUE(memory.contains("1:1", "secret"));
  clock.advance(std::chrono::minutes(1));
  EXPECT_FALSE(memory.contains("1:1", "secret"));
  memory.add("1:1", "secret");
  EXPECT_TRUE(memory.contains("1:1", "secret"));
}

TEST(PasswordMemory, StaysSmall) {
  FakeClock clock;
  PasswordMemory memory(clock, {.max_entries = 10});
  for (int i = 1; i <= 100; ++i) memory.add(std::to_string(i), "secret");
  EXPECT_FALSE(memory.contains("90", "secret"));
  EXPECT_TRUE(memory.contains("91", "secret"));
  EXPECT_TRUE(memory.contains("100", "secret"));
}

}  // namespace
}  // namespace waxwing
