#include "auth/throttle.h"

#include <gtest/gtest.h>

#include <string>

namespace waxwing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class ThrottleTest : public testing::Test {
 protected:
  seconds guess(const std::string& client, const std::string& account, std::uint64_t guess) {
    return throttle.admit({client, account, guess});
  }
  // Uses the free guesses up.
  void exhaust(const std::string& client, const std::string& account, std::uint64_t from = 0) {
    for (std::uint64_t i = 0; i < 10; ++i) EXPECT_EQ(guess(client, account, from + i), seconds(0));
  }

  FakeClock clock;
  Throttle throttle{clock};
};

TEST_F(ThrottleTest, GrowsTheDelayWithEveryDifferentWrongPassword) {
  exhaust("c", "a");
  EXPECT_EQ(guess("c", "a", 100), seconds(2));
  clock.advance(seconds(2));
  EXPECT_EQ(guess("c", "a", 100), seconds(0));
  EXPECT_EQ(guess("c", "a", 101), seconds(4));
  clock.advance(seconds(4));
  EXPECT_EQ(guess("c", "a", 101), seconds(0));
  EXPECT_EQ(guess("c", "a", 102), seconds(8));
}

TEST_F(ThrottleTest, NeverMindsTheSameWrongPasswordAgain) {
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(guess("c", "a", 100), seconds(0));
  exhaust("c", "a", 100);
  EXPECT_GT(guess("c", "a", 200), seconds(0));
  EXPECT_EQ(guess("c", "a", 199), guess("c", "a", 200)) << "a new one has to wait";
  EXPECT_EQ(guess("c", "a", 105), seconds(0)) << "an old one has not";
}

TEST_F(ThrottleTest, CountsAClientOverAllAccountsAndAnAccountOverAllClients) {
  for (int i = 0; i < 10; ++i) guess("c", "account" + std::to_string(i), 50 + i);
  EXPECT_GT(guess("c", "fresh", 1), seconds(0));
  EXPECT_EQ(guess("other", "fresh", 1), seconds(0));
  for (int i = 0; i < 10; ++i) guess("client" + std::to_string(i), "a", 80 + i);
  EXPECT_GT(guess("another", "a", 1), seconds(0));
}

TEST_F(ThrottleTest, NeverWaitsLongerThanTheLongestDelay) {
  exhaust("c", "a");
  for (std::uint64_t i = 0; i < 100; ++i) {
    clock.advance(minutes(15));
    ASSERT_EQ(guess("c", "a", 100 + i), seconds(0)) << i;
  }
  EXPECT_EQ(guess("c", "b", 999), minutes(15));
  EXPECT_EQ(guess("d", "a", 999), minutes(5));
}

TEST_F(ThrottleTest, ForgetsAfterAnHourAndAfterSuccess) {
  exhaust("c", "a");
  throttle.succeeded({"c", "a", 3});
  EXPECT_EQ(guess("c", "a", 100), seconds(0));
  exhaust("c", "a", 100);
  EXPECT_GT(guess("c", "a", 300), seconds(0));
  clock.advance(minutes(60));
  exhaust("c", "a", 400);
}

TEST_F(ThrottleTest, SuccessOnOwnAccountDoesNotClearGuessesOnOthers) {
  exhaust("c", "victim");
  throttle.succeeded({"c", "own", 1});
  EXPECT_GT(guess("c", "victim", 100), seconds(0));
  throttle.succeeded({"home", "victim", 1});
  EXPECT_GT(guess("d", "victim", 100), seconds(0));
}

TEST_F(ThrottleTest, CountsGuessesSideBySideBeforeTheyAreAnswered) {
  exhaust("c", "a");  // none of them was told wrong yet
  EXPECT_GT(guess("c", "a", 100), seconds(0));
  throttle.withdraw({"c", "a", 5});
  EXPECT_EQ(guess("c", "a", 100), seconds(0));
}

TEST_F(ThrottleTest, StaysSmallAndKeepsWhoIsActive) {
  Throttle small(clock, {.max_entries = 100});
  for (std::uint64_t i = 0; i < 10; ++i) small.admit({"attacker", "a", i});
  for (int i = 0; i < 10'000; ++i) {
    small.admit({"client" + std::to_string(i), "", 1});
    if (i % 50 == 0) {
      clock.advance(minutes(15));
      ASSERT_EQ(small.admit({"attacker", "", 1000u + i}), seconds(0)) << "waited long enough";
      ASSERT_GT(small.admit({"attacker", "", 5000u + i}), seconds(0)) << "still known";
    }
  }
}

TEST_F(ThrottleTest, AKnownClientIsCountedApartAndOnlyEverWaitsForSeconds) {
  exhaust("stranger", "a");
  ASSERT_GT(guess("stranger", "a", 100), seconds(0));
  const auto known = [&](std::uint64_t guess) {
    return throttle.admit({"home", "a", guess}, Throttle::Standing::Known);
  };
  for (std::uint64_t i = 0; i < 100; ++i) ASSERT_EQ(known(i), seconds(0)) << i;
  for (std::uint64_t i = 100; i < 150; ++i) {
    const auto delay = known(i);
    ASSERT_GT(delay, seconds(0)) << "a neighbour who guesses for ever";
    ASSERT_LE(delay, seconds(5));
    clock.advance(delay);
    ASSERT_EQ(known(i), seconds(0));
  }
  throttle.succeeded({"home", "a", 149});
  EXPECT_EQ(known(500), seconds(0)) << "the owner came in";
  EXPECT_EQ(guess("home", "b", 1), seconds(0)) << "on other accounts it has not guessed";
}

TEST_F(ThrottleTest, UserNamesThatAreNoAddressDoNotCountTogether) {
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(guess("client" + std::to_string(i), "", i), seconds(0));
  }
}

}  // namespace
}  // namespace waxwing
