#include "storage/trace.h"

#include <gmock/gmock.h>

#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

using ::testing::ElementsAre;

class TraceTest : public StoreTest {
 protected:
  std::unique_ptr<Trace> open() {
    auto trace = Trace::open(root_ + "/data", disk_, clock_);
    EXPECT_TRUE(trace) << trace.error().text;
    return std::move(*trace);
  }
  static std::vector<std::string> texts(Trace& trace, std::string_view what) {
    std::vector<std::string> all;
    const auto events = trace.find(what, 100);
    EXPECT_TRUE(events);
    for (const auto& event : *events) all.push_back(event.text);
    return all;
  }
};

TEST_F(TraceTest, FindsAMessageByWhatPeopleKnowOfIt) {
  auto trace = open();
  trace->note({"aa", "<1@example.test>", kAlice, {"x@far.example"}, "accepted"});
  clock_.advance(std::chrono::seconds(5));
  trace->note({"aa", "", "", {}, "delivered"});
  trace->note({"bb", "<2@example.test>", kBob, {"x@far.example"}, "refused"});
  trace = nullptr;
  trace = open();
  for (const char* what :
       {"aa", "<1@example.test>", "1@example.test", kAlice, "Alice@EXAMPLE.test"})
    EXPECT_THAT(texts(*trace, what), ElementsAre("accepted", "delivered")) << what;
  EXPECT_THAT(texts(*trace, "x@far.example"), ElementsAre("accepted", "delivered", "refused"));
  EXPECT_THAT(texts(*trace, "nobody@far.example"), ElementsAre());
}

TEST_F(TraceTest, KnowsAtOnceWhatWasNoted) {
  auto trace = open();
  for (int i = 0; i < 100; ++i) {
    const std::string id = "id" + std::to_string(i);
    trace->note({id, "", "", {}, "accepted"});
    EXPECT_THAT(texts(*trace, id), ElementsAre("accepted"));
  }
}

TEST_F(TraceTest, TellsThingsInTheOrderInWhichTheyWereSo) {
  auto trace = open();
  const Time accepted = clock_.now();
  clock_.advance(std::chrono::milliseconds(5));
  trace->note({"aa", "", "", {}, "delivered"});
  trace->note({"aa", "", kAlice, {}, "accepted", accepted});
  trace = nullptr;
  trace = open();
  EXPECT_THAT(texts(*trace, "aa"), ElementsAre("accepted", "delivered"));
}

TEST_F(TraceTest, ForgetsAfterThirtyDays) {
  auto trace = open();
  trace->note({"old", "", kAlice, {}, "long ago"});
  trace = nullptr;
  clock_.advance(std::chrono::hours(24 * 30 + 1));
  trace = open();
  trace->note({"new", "", kAlice, {}, "today"});
  trace = nullptr;
  trace = open();
  EXPECT_THAT(texts(*trace, kAlice), ElementsAre("today"));
}

TEST_F(TraceTest, BeginsAnewWhenItsFileIsDamaged) {
  open()->note({"aa", "", kAlice, {}, "lost"});
  write_file(root_ + "/data/trace.sqlite", std::string(8192, 'x'));
  std::filesystem::remove(root_ + "/data/trace.sqlite-wal");
  auto trace = open();
  trace->note({"bb", "", kAlice, {}, "kept"});
  trace = nullptr;
  trace = open();
  EXPECT_THAT(texts(*trace, kAlice), ElementsAre("kept"));
}

}  // namespace
}  // namespace waxwing
