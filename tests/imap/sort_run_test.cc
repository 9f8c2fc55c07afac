#include "protocols/imap/sort_run.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/imap/fake_source.h"
#include "tests/imap/print_command.h"

namespace waxwing::imap {
namespace {

class SortRunTest : public testing::Test {
 protected:
  // Messages get the UIDs 1, 2, ...
  void add(std::string header, std::int64_t date = 0, std::uint32_t size = 0) {
    MessageRow row;
    row.uid = static_cast<Uid>(rows_.size() + 1);
    row.size = size;
    row.internal_date = date;
    rows_.push_back(row);
    source_.messages[row.uid] = std::move(header) + "\r\n\r\n";
  }

  // The order, as a set.
  std::string sort(const std::string& keys) {
    auto parsing = parse_text("a SORT (" + keys + ") UTF-8 FUZZY ALL\r\n");
    EXPECT_TRUE(parsing.command) << parsing.error;
    if (!parsing.command) return {};
    auto view = View::make(rows_, 1000, 1, {});
    std::vector<std::size_t> all(rows_.size());
    std::iota(all.begin(), all.end(), 0);
    SortRun run(std::get<Sort>(parsing.command->body).keys, view, all, scores_, collation_);
    steps_ = 0;
    while (true) {
      ++steps_;
      const auto done = run.step(source_, [&] { return is_hurried_; });
      if (!done) return "failed";
      if (*done) break;
    }
    sorted_scores_ = run.scores();
    std::vector<Uid> uids;
    for (const std::size_t index : run.sorted()) uids.push_back((*view)[index].uid);
    return to_uid_set(uids);
  }

  std::vector<MessageRow> rows_;
  FakeSource source_;
  std::vector<int> scores_, sorted_scores_;
  Collation collation_ = Collation::UnicodeCasemap;
  bool is_hurried_ = false;
  int steps_ = 0;
};

TEST_F(SortRunTest, GoesByRows) {
  add("", 3 * kDay, 10);
  add("", 1 * kDay, 30);
  add("", 2 * kDay, 10);
  EXPECT_EQ(sort("ARRIVAL"), "2:3,1");
  EXPECT_EQ(sort("REVERSE ARRIVAL"), "1,3,2");
  EXPECT_EQ(sort("SIZE"), "1,3,2");
  EXPECT_EQ(sort("SIZE ARRIVAL"), "3,1:2");
  // Not the other way round: what is alike stays in the mailbox's order.
  EXPECT_EQ(sort("REVERSE SIZE"), "2,1,3");
  EXPECT_EQ(sort("SIZE REVERSE SIZE SIZE ARRIVAL"), "3,1:2");
  EXPECT_EQ(source_.headers_read, 0);
}

TEST_F(SortRunTest, GoesByTheSentDateInUtc) {
  add("Date: 31 Dec 2000 16:01:33 -0800", 0);
  add("Date: 1 Jan 2001 00:01:32 +0000", 0);
  add("Date: Mon, 1 Jan 2001 01:01:34 +0100 (CET)", 0);
  EXPECT_EQ(sort("DATE"), "2,1,3");
  EXPECT_EQ(sort("REVERSE DATE"), "3,1:2");
}

TEST_F(SortRunTest, GoesByWhatIsLeftOfABrokenDate) {
  add("Date: 2 Jan 2001 lunch", 5 * kDay);
  add("Date: 2 Jan 2001 00:00:01 +9999", 5 * kDay);
  add("Date: never", 11325 * kDay);
  add("Subject: none", 11323 * kDay);
  EXPECT_EQ(sort("DATE"), "4,1:3");
}

TEST_F(SortRunTest, GoesByTheFirstAddress) {
  add("From: Zoe <ann@z.test>\r\nTo: Bert <b@x.test>, a@x.test\r\nCc: ops: zed@x.test;");
  add("From: carl@a.test (Anton)\r\nTo: undisclosed-recipients:;\r\nCc: Max <max@x.test>");
  add("From: \"Bob\" <BOB@a.test>\r\nTo:\r\nTo: A <c@x.test>");
  add("X-Other: nothing");
  EXPECT_EQ(sort("FROM"), "4,1,3,2");
  EXPECT_EQ(sort("TO"), "4,1,3,2");
  EXPECT_EQ(sort("CC"), "3:4,2,1");
  EXPECT_EQ(sort("DISPLAYFROM"), "4,2:3,1");
  EXPECT_EQ(sort("DISPLAYTO"), "4,3,1:2");
}

TEST_F(SortRunTest, ShowsTheAddressWhereThereIsNoName) {
  add("From: mike@b.test");
  add("From: =?utf-8?q?mike=40a=2Etest?= <x@x.test>");
  add("From: \"\" <mike@c.test>");
  EXPECT_EQ(sort("DISPLAYFROM"), "2,1,3");
  EXPECT_EQ(sort("FROM"), "1,3,2");
}

TEST_F(SortRunTest, GoesByTheBaseSubjectWithoutCase) {
  add("Subject: Re: lunch", 2);
  add("Subject: =?utf-8?q?=C3=84rger?=", 1);
  add("Subject: [list] LUNCH", 1);
  add("Subject: apple");
  add("Subject: zebra");
  add("Subject: _under");
  // "Ä" is "A" with dots behind it, and "_" comes behind the letters.  RFC 5051
  EXPECT_EQ(sort("SUBJECT"), "4,2,1,3,5:6");
  EXPECT_EQ(sort("SUBJECT ARRIVAL"), "4,2:3,1,5:6");
}

TEST_F(SortRunTest, LooksAtTheBeginningOfLongTexts) {
  const std::string text(499, 'x');
  add("Subject: " + text + "bb");
  add("Subject: " + text + "a");
  add("Subject: " + text + "ba");
  EXPECT_EQ(sort("SUBJECT"), "2,1,3");
}

TEST_F(SortRunTest, PutsTheMostRelevantFirst) {
  for (int i = 0; i < 4; ++i) add("Subject: x");
  EXPECT_EQ(sort("RELEVANCY"), "1:4");
  scores_ = {20, 100, 1, 100};
  EXPECT_EQ(sort("RELEVANCY"), "2,4,1,3");
  EXPECT_EQ(sorted_scores_, (std::vector<int>{100, 100, 20, 1}));
  EXPECT_EQ(sort("REVERSE RELEVANCY"), "3,1:2,4");
  EXPECT_EQ(sort("SUBJECT"), "1:4");
  EXPECT_EQ(sorted_scores_, scores_);
  EXPECT_EQ(source_.headers_read, 4);
}

TEST_F(SortRunTest, ComparesAsTheCollationSays) {
  add("Subject: \u00e4rger");
  add("Subject: b");
  add("Subject: A");
  EXPECT_EQ(sort("SUBJECT"), "3,1:2");
  collation_ = Collation::AsciiCasemap;
  EXPECT_EQ(sort("SUBJECT"), "3,2,1");
}

TEST_F(SortRunTest, PutsMessagesThatAreGoneWhereNothingIsKnown) {
  add("Subject: b\r\nDate: 1 Jan 2001 00:00:00 +0000", 9);
  add("Subject: a\r\nDate: 1 Jan 2001 00:00:00 +0000", 8);
  source_.messages.erase(2);
  EXPECT_EQ(sort("SUBJECT"), "2,1");
  EXPECT_EQ(sort("DATE"), "2,1");
}

TEST_F(SortRunTest, StopsWhenItsTimeIsUpAndGoesOn) {
  for (int i = 999; i > 0; --i) {
    add("Subject: " + std::string(i < 100 ? i < 10 ? "00" : "0" : "") + std::to_string(i));
  }
  const std::string order = sort("SUBJECT");
  EXPECT_TRUE(order.starts_with("999,998,997,")) << order.substr(0, 40);
  EXPECT_EQ(steps_, 1);
  source_.headers_read = 0;
  is_hurried_ = true;
  EXPECT_EQ(sort("SUBJECT"), order);
  EXPECT_GT(steps_, 999);
  EXPECT_EQ(source_.headers_read, 999);
}

}  // namespace
}  // namespace waxwing::imap
