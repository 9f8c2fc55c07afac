#include "storage/daily_counts.h"

#include <gmock/gmock.h>

#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

class DailyCountsTest : public StoreTest {
 protected:
  std::unique_ptr<DailyCounts> open(std::int64_t most_of_day = 50'000) {
    auto counts = DailyCounts::open({root_ + "/data/counts.sqlite", "begun anew", most_of_day, 3},
                                    disk_, clock_);
    EXPECT_TRUE(counts) << counts.error().text;
    return std::move(*counts);
  }
  std::int64_t today() const { return DailyCounts::day_of(clock_.now()); }
};

std::string shown(const Result<std::vector<DailyCounts::Count>>& counts) {
  std::string text;
  for (const auto& each : *counts) text += each.text + "=" + std::to_string(each.count) + " ";
  return text;
}

TEST_F(DailyCountsTest, CountsAlikeOnesTogetherOverARestart) {
  auto counts = open();
  for (int i = 0; i < 3; ++i) counts->note("far.example", "a");
  counts->note("far.example", "b");
  counts->note("other.example", "a");
  counts = nullptr;
  counts = open();
  counts->note("far.example", "a");
  EXPECT_EQ(shown(counts->counts(today(), "far.example")), "a=4 b=1 ");
  EXPECT_EQ(shown(counts->counts(today(), "other.example")), "a=1 ");
  EXPECT_EQ(shown(counts->counts(today() - 1, "far.example")), "");
}

TEST_F(DailyCountsTest, KnowsDaysThatAreOverAndWhenTheyAreDue) {
  auto counts = open();
  counts->note("far.example", "a");
  EXPECT_TRUE(counts->before(today())->empty());
  clock_.advance(std::chrono::hours(24));
  counts->note("far.example", "a");
  auto days = counts->before(today());
  ASSERT_EQ(days->size(), 1u);
  EXPECT_EQ((*days)[0].day, today() - 1);
  EXPECT_EQ((*days)[0].due, 0);
  (*days)[0].due = 17;
  ASSERT_TRUE(counts->set_due((*days)[0]));
  EXPECT_EQ(counts->before(today())->at(0).due, 17);
  ASSERT_TRUE(counts->remove(today() - 1, "far.example"));
  EXPECT_TRUE(counts->before(today())->empty());
  EXPECT_EQ(shown(counts->counts(today(), "far.example")), "a=1 ");
}

TEST_F(DailyCountsTest, DropsWhatIsMoreThanAnyoneNeeds) {
  auto counts = open(5);
  for (const char* domain : {"one.example", "two.example"})
    for (const char* text : {"a", "b", "c", "d"}) counts->note(domain, text);
  EXPECT_EQ(shown(counts->counts(today(), "one.example")), "a=1 b=1 c=1 ");
  EXPECT_EQ(shown(counts->counts(today(), "two.example")), "a=1 b=1 ");
  counts->note("one.example", "a");
  EXPECT_EQ(shown(counts->counts(today(), "one.example")), "a=2 b=1 c=1 ") << "known ones count";
}

}  // namespace
}  // namespace waxwing
