// What a client that was away is told when it comes back, and what it cannot be told any more.
// RFC 7162

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Resynchronise : public testing::Test {
 protected:
  void SetUp() override {
    world.deliver_many(6);
    one = world.sign_in();
    one->say("a ENABLE QRESYNC");
  }
  std::string select(const std::string& arguments) {
    return one->say("s SELECT INBOX (QRESYNC (" + std::to_string(world.mailbox()->uid_validity()) +
                    " " + arguments + "))");
  }
  void expunge(const std::string& numbers) {
    const auto two = world.open_inbox();
    two->say("a STORE " + numbers + " +FLAGS.SILENT (\\Deleted)");
    two->say("b EXPUNGE");
  }
  SessionWorld world;
  std::unique_ptr<SessionWorld::Client> one;
};

TEST_F(Resynchronise, WhatIsForgottenIsToldAsAllThatIsNotThere) {
  const ModSeq before = world.mailbox()->view()->highest_modseq();
  expunge("2,4:5");
  EXPECT_THAT(select(std::to_string(before)), HasSubstr("* VANISHED (EARLIER) 2,4:5\r\n"));
  one->say("c UNSELECT");
  // A new index does not know what was expunged when.
  ASSERT_TRUE(world.store().rebuild("alice@example.test"));
  EXPECT_THAT(select(std::to_string(before) + " 1:5"), HasSubstr("* VANISHED (EARLIER) 2,4:5\r\n"));
  EXPECT_THAT(select(std::to_string(before) + " 3:4"), HasSubstr("* VANISHED (EARLIER) 4\r\n"));
  // Message 2 is UID 3, as the client says: it knows of all that went away before that.
  EXPECT_THAT(select(std::to_string(before) + " 1:6 (1:3 1,3,5)"),
              HasSubstr("* VANISHED (EARLIER) 4:5\r\n"));
  EXPECT_THAT(select(std::to_string(before) + " 1:6 (1:3 1,3,6)"), Not(HasSubstr("VANISHED")));
}

TEST_F(Resynchronise, NothingIsToldTwice) {
  const ModSeq before = world.mailbox()->view()->highest_modseq();
  expunge("1");
  const std::string answer = select(std::to_string(before));
  EXPECT_EQ(count(answer, "VANISHED"), 1);
  EXPECT_EQ(one->say("b NOOP"), "b OK Nothing done\r\n");
  const ModSeq after = world.mailbox()->view()->highest_modseq();
  EXPECT_THAT(select(std::to_string(after)), Not(HasSubstr("VANISHED")));
}

TEST_F(Resynchronise, AnExpungeThatWaitsIsNotTakenForAnEarlierOne) {
  one->say("b SELECT INBOX");
  const ModSeq before = world.mailbox()->view()->highest_modseq();
  expunge("3");
  // Sequence numbers are still those of before when the FETCH answers.
  const std::string answer =
      one->say("c UID FETCH 1:6 (FLAGS) (CHANGEDSINCE " + std::to_string(before) + " VANISHED)");
  EXPECT_EQ(answer, "* VANISHED 3\r\nc OK That is all\r\n");
}

TEST_F(Resynchronise, ManyChangesComeAsTheClientReadsThem) {
  const ModSeq before = world.mailbox()->view()->highest_modseq();
  world.deliver_many(600);
  expunge("200:299");
  const auto two = world.open_inbox();
  // Long answers: more than an output takes at once.
  std::string keywords;
  for (char c = 'a'; c <= 't'; ++c) keywords += " " + std::string(40, c);
  two->say("a STORE 1:* +FLAGS.SILENT (\\Seen" + keywords + ")");
  one->stop_reading();
  select(std::to_string(before));
  std::string answer;
  for (std::string part = one->read_on(); !part.empty(); part = one->read_on()) answer += part;
  EXPECT_GT(answer.size(), Output::kFull);
  EXPECT_EQ(count(answer, " FETCH (UID "), 506);
  EXPECT_THAT(answer, HasSubstr("* VANISHED (EARLIER) 200:299\r\n* 1 FETCH"));
  EXPECT_THAT(answer, testing::EndsWith("s OK [READ-WRITE] Opened\r\n"));
}

TEST_F(Resynchronise, AMarkThatOthersTookAwayAgainIsNewsToThoseWhoCount) {
  one->say("b SELECT INBOX");
  const auto plain = world.open_inbox();
  const auto two = world.open_inbox();
  two->say("a STORE 1 +FLAGS.SILENT (\\Seen)");
  two->say("b STORE 1 -FLAGS.SILENT (\\Seen)");
  EXPECT_EQ(plain->say("c NOOP"), "c OK Nothing done\r\n");
  EXPECT_THAT(one->say("c NOOP"), StartsWith("* 1 FETCH (UID 1 FLAGS ("));
}

TEST_F(Resynchronise, LongWorkSaysHowFarItIs) {
  world.deliver_many(100);
  const auto client = world.open_inbox();
  world.clock.drift = std::chrono::seconds(2);
  const std::string answer = client->say("a SEARCH BODY nowhere");
  EXPECT_THAT(answer, StartsWith("* OK [INPROGRESS (\"a\" "));
  EXPECT_THAT(answer, HasSubstr(" 106)] "));
  EXPECT_THAT(answer, testing::EndsWith("* SEARCH\r\na OK Searched\r\n"));
}

TEST_F(Resynchronise, BatchesHoldAsManyMessagesEach) {
  world.deliver_many(1200);
  expunge("1:3");
  const auto client = world.open_inbox();
  EXPECT_THAT(client->say("a UIDBATCHES 500"),
              StartsWith("* UIDBATCHES (TAG \"a\") 1206:707,706:207,206:4\r\n"));
  EXPECT_THAT(client->say("b UIDBATCHES 600 2:2"),
              StartsWith("* UIDBATCHES (TAG \"b\") 606:7\r\n"));
  EXPECT_THAT(client->say("c UIDBATCHES 5000"), StartsWith("* UIDBATCHES (TAG \"c\") 1206:4\r\n"));
}

}  // namespace
}  // namespace waxwing::imap
