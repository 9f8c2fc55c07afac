#include "protocols/imap/thread_run.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/imap/fake_source.h"

namespace waxwing::imap {
namespace {

class ThreadRunTest : public testing::Test {
 protected:
  // Messages get the UIDs 1, 2, ...
  void add(std::string header, std::int64_t date = 0) {
    MessageRow row;
    row.uid = static_cast<Uid>(rows_.size() + 1);
    row.internal_date = date;
    rows_.push_back(row);
    source_.messages[row.uid] = std::move(header) + "\r\n\r\n";
  }

  std::string thread(Thread::Algorithm algorithm) {
    auto view = View::make(rows_, 1'000'000, 1, {});
    std::vector<std::size_t> all(rows_.size());
    std::iota(all.begin(), all.end(), 0);
    ThreadRun run(algorithm, view, all, collation_);
    steps_ = 0;
    while (true) {
      ++steps_;
      const auto done = run.step(source_, [&] { return is_hurried_; });
      if (!done) return "failed";
      if (*done) break;
    }
    return run.threads([&](std::size_t index) { return (*view)[index].uid; });
  }
  std::string by_references() { return thread(Thread::Algorithm::References); }
  std::string by_subject() { return thread(Thread::Algorithm::OrderedSubject); }

  std::vector<MessageRow> rows_;
  FakeSource source_;
  Collation collation_ = Collation::UnicodeCasemap;
  bool is_hurried_ = false;
  int steps_ = 0;
};

TEST_F(ThreadRunTest, TakesTheReferencesElseTheFirstInReplyTo) {
  add("Message-ID: <\"a\"@x>");
  add("Message-ID: <b@x>\r\nReferences: <a@x>\r\nIn-Reply-To: <c@x>");
  add("Message-ID: <c@x>\r\nReferences: none\r\nIn-Reply-To: Ann's <b@x> of <d@x>");
  add("Message-ID: <d@x>\r\nIn-Reply-To: nothing");
  EXPECT_EQ(by_references(), "(1 2 3)(4)");
}

TEST_F(ThreadRunTest, JoinsBySubjectWhateverItsCase) {
  add("Subject: =?utf-8?q?=C3=84rger?=\r\nDate: 1 Jan 2001 10:00:00 +0000");
  add("Subject: Re: \xc3\xa4RGER\r\nDate: 1 Jan 2001 12:00:00 +0000");
  add("Subject: [list] Fwd: \xc3\xa4rger\r\nDate: 1 Jan 2001 12:00:00 +0200");
  add("Subject: Re:\r\nDate: 1 Jan 2001 09:00:00 +0000");
  add("Date: 1 Jan 2001 09:00:00 +0000");
  EXPECT_EQ(by_references(), "(4)(5)(1 (3)(2))");
  EXPECT_EQ(by_subject(), "(4 5)(1 (3)(2))");
  collation_ = Collation::AsciiCasemap;
  EXPECT_EQ(by_references(), "(4)(5)(1)((3)(2))");
  EXPECT_EQ(by_subject(), "(4 5)(1)(3 2)");
}

TEST_F(ThreadRunTest, GoesByTheDateOfArrivalWhereThereIsNoOther) {
  add("Subject: a", 300);
  add("Subject: b\r\nDate: never", 200);
  add("Subject: c\r\nDate: 1 Jan 1970 00:01:40 +0000", 900);
  EXPECT_EQ(by_references(), "(3)(2)(1)");
  EXPECT_EQ(by_subject(), "(3)(2)(1)");
  source_.messages.erase(3);
  EXPECT_EQ(by_references(), "(2)(1)(3)");
}

TEST_F(ThreadRunTest, StopsWhenItsTimeIsUpAndGoesOn) {
  for (int i = 0; i < 2000; ++i) {
    add("Message-ID: <" + std::to_string(i) + "@x>\r\nIn-Reply-To: <" + std::to_string(i / 3) +
        "@x>\r\nSubject: " + std::to_string(i % 7));
  }
  const std::string threads = by_references();
  EXPECT_EQ(steps_, 1);
  is_hurried_ = true;
  source_.headers_read = 0;
  EXPECT_EQ(by_references(), threads);
  EXPECT_GT(steps_, 2000);
  EXPECT_EQ(source_.headers_read, 2000);
}

}  // namespace
}  // namespace waxwing::imap
