#include "storage/send_counts.h"

#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

class SendCountsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    // Of the clock: a slot begins.
    clock_.advance(std::chrono::seconds(300 - unix_seconds(clock_.now()) % 300));
    open();
  }
  void TearDown() override {
    counts_.reset();
    StoreTest::TearDown();
  }
  void open() {
    counts_.reset();
    auto counts = SendCounts::open(root_ + "/data", disk_, clock_);
    ASSERT_TRUE(counts) << counts.error().text;
    counts_ = std::move(*counts);
  }
  std::string take(std::uint64_t recipients, const SendCounts::Limits& limits) {
    const auto excess = counts_->take("alice@example.com", recipients, limits);
    if (!excess) return "taken";
    const auto wait = unix_seconds(excess->until) - unix_seconds(clock_.now());
    return std::to_string(excess->limit) + (excess->is_of_day ? " a day" : " an hour") + ", " +
           std::to_string((wait + 59) / 60) + " minutes";
  }

  std::unique_ptr<SendCounts> counts_;
};

TEST_F(SendCountsTest, TakesAsMuchAsTheHourHasRoomFor) {
  EXPECT_EQ(take(6, {10, 0}), "taken");
  EXPECT_EQ(take(5, {10, 0}), "10 an hour, 60 minutes");
  EXPECT_EQ(take(4, {10, 0}), "taken") << "what was refused is not counted";
  EXPECT_EQ(take(1, {10, 0}), "10 an hour, 60 minutes");
  EXPECT_EQ(take(1000, {0, 0}), "taken") << "0 is any number";
  EXPECT_FALSE(counts_->take("bob@example.com", 10, {10, 0})) << "each has his own";
}

TEST_F(SendCountsTest, GivesRoomAsTimeGoesBy) {
  EXPECT_EQ(take(6, {10, 0}), "taken");
  clock_.advance(std::chrono::minutes(30));
  EXPECT_EQ(take(4, {10, 0}), "taken");
  EXPECT_EQ(take(3, {10, 0}), "10 an hour, 30 minutes");
  EXPECT_EQ(take(7, {10, 0}), "10 an hour, 60 minutes") << "the first six going is not enough";
  clock_.advance(std::chrono::minutes(31));
  EXPECT_EQ(take(6, {10, 0}), "taken");
  EXPECT_EQ(take(1, {10, 0}), "10 an hour, 29 minutes");
}

TEST_F(SendCountsTest, CountsTheDayBeside) {
  for (int hour = 0; hour < 5; ++hour) {
    EXPECT_EQ(take(2, {2, 10}), "taken");
    clock_.advance(std::chrono::hours(1));
  }
  EXPECT_EQ(take(1, {2, 10}), "10 a day, 1140 minutes");
  clock_.advance(std::chrono::hours(19));
  EXPECT_EQ(take(2, {2, 10}), "taken");
}

TEST_F(SendCountsTest, LooksWithoutCounting) {
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(counts_->check("alice@example.com", 10, {10, 0}));
  EXPECT_TRUE(counts_->check("alice@example.com", 11, {10, 0}));
  EXPECT_EQ(take(10, {10, 0}), "taken");
}

TEST_F(SendCountsTest, RemembersOverARestart) {
  EXPECT_EQ(take(8, {10, 0}), "taken");
  open();
  EXPECT_EQ(take(3, {10, 0}), "10 an hour, 60 minutes");
  clock_.advance(std::chrono::hours(25));
  open();
  EXPECT_EQ(take(10, {10, 10}), "taken");
}

}  // namespace
}  // namespace waxwing
