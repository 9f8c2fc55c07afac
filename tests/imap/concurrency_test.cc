// What a session is told of the others' doings, and when.  RFC 9051 sections 5.2, 5.5 and 7.5.1

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Concurrency : public testing::Test {
 protected:
  void SetUp() override { world.deliver_many(5); }
  SessionWorld world;
};

TEST_F(Concurrency, NoopTellsOfNewMessagesFlagsAndExpunges) {
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  two->say("a STORE 2,4 +FLAGS (\\Deleted)");
  two->say("b STORE 5 +FLAGS (\\Flagged)");
  two->say("c EXPUNGE");
  world.deliver("Subject: six\r\n\r\nsix\r\n");
  const std::string answer = one->say("d NOOP");
  EXPECT_THAT(answer, StartsWith("* 2 EXPUNGE\r\n* 3 EXPUNGE\r\n* 4 EXISTS\r\n"));
  EXPECT_THAT(answer, HasSubstr("* 3 FETCH (UID 5 FLAGS (\\Flagged \\Recent))\r\n"));
  EXPECT_THAT(answer, EndsWith("d OK Nothing done\r\n"));
  EXPECT_EQ(one->say("e NOOP"), "e OK Nothing done\r\n");
}

TEST_F(Concurrency, FetchStoreAndSearchHoldExpungesBack) {
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  two->say("a STORE 1 +FLAGS.SILENT (\\Deleted)");
  two->say("b EXPUNGE");
  world.deliver("Subject: six\r\n\r\nsix\r\n");

  // Sequence numbers stay what they were, for as long as EXPUNGE has not been sent.
  std::string answer = one->say("c FETCH 2 UID");
  EXPECT_THAT(answer, Not(HasSubstr("EXPUNGE")));
  EXPECT_THAT(answer, HasSubstr("* 6 EXISTS\r\n"));
  EXPECT_THAT(answer, HasSubstr("* 2 FETCH (UID 2)\r\n"));
  answer = one->say("d STORE 3 +FLAGS (\\Seen)");
  EXPECT_THAT(answer, Not(HasSubstr("EXPUNGE")));
  EXPECT_THAT(answer, HasSubstr("* 3 FETCH (FLAGS (\\Seen"));
  answer = one->say("e SEARCH SEEN");
  EXPECT_THAT(answer, HasSubstr("* SEARCH 3\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("EXPUNGE")));
  EXPECT_THAT(one->say("f FETCH 6 UID"), HasSubstr("* 6 FETCH (UID 6)\r\n"));

  answer = one->say("g NOOP");
  EXPECT_THAT(answer, StartsWith("* 1 EXPUNGE\r\n"));
  EXPECT_THAT(one->say("h FETCH 2 UID"), HasSubstr("* 2 FETCH (UID 3)\r\n"));
}

TEST_F(Concurrency, UidCommandsMayTellExpunges) {
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  two->say("a STORE 1 +FLAGS.SILENT (\\Deleted)");
  two->say("b EXPUNGE");
  const std::string answer = one->say("c UID FETCH 3 FLAGS");
  EXPECT_THAT(answer, HasSubstr("* 3 FETCH (UID 3 FLAGS"));
  EXPECT_THAT(answer, HasSubstr("* 1 EXPUNGE\r\nc OK"));
}

TEST_F(Concurrency, ServesWhatIsLeftAndSaysThatSomeAreGone) {
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  two->say("a STORE 2 +FLAGS.SILENT (\\Deleted)");
  two->say("b EXPUNGE");
  const std::string answer = one->say("c FETCH 1:3 BODY.PEEK[]");
  EXPECT_THAT(answer, HasSubstr("* 1 FETCH (BODY[] {"));
  EXPECT_THAT(answer, HasSubstr("* 3 FETCH (BODY[] {"));
  EXPECT_THAT(answer, Not(HasSubstr("* 2 FETCH")));
  EXPECT_THAT(answer, HasSubstr("c NO [EXPUNGEISSUED]"));
  EXPECT_THAT(one->say("d UID FETCH 1:3 BODY.PEEK[TEXT]"), HasSubstr("d OK [EXPUNGEISSUED]"));
}

TEST_F(Concurrency, ExpungesWhatAnotherSessionMarked) {
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  two->say("a STORE 2 +FLAGS.SILENT (\\Deleted)");
  EXPECT_THAT(one->say("b EXPUNGE"), HasSubstr("* 2 EXPUNGE\r\n"));
  EXPECT_THAT(two->say("c NOOP"), StartsWith("* 2 EXPUNGE\r\n"));
}

TEST_F(Concurrency, SilentStoreStillTellsWhatAnotherChanged) {
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  two->say("a STORE 1 +FLAGS.SILENT (\\Flagged)");
  EXPECT_THAT(one->say("b STORE 2 +FLAGS.SILENT (\\Seen)"), Not(HasSubstr("* 2 FETCH")));
  two->say("c STORE 3 +FLAGS.SILENT (\\Answered)");
  const std::string answer = one->say("d STORE 3 +FLAGS.SILENT (\\Seen)");
  EXPECT_THAT(answer, HasSubstr("\\Answered"));
}

TEST_F(Concurrency, TellsOfANewKeywordBeforeAMessageHasIt) {
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  const std::string own = two->say("a STORE 1 +FLAGS (Urgent)");
  EXPECT_LT(own.find("* FLAGS ("), own.find("* 1 FETCH"));
  EXPECT_THAT(own, HasSubstr("Urgent"));
  const std::string answer = one->say("b NOOP");
  EXPECT_LT(answer.find("* FLAGS ("), answer.find("* 1 FETCH"));
}

TEST_F(Concurrency, IdlingSessionsHearAtOnce) {
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  EXPECT_EQ(one->say("a IDLE"), "+ idling\r\n");
  world.deliver("Subject: six\r\n\r\nsix\r\n");
  EXPECT_THAT(one->hear(), StartsWith("* 6 EXISTS\r\n"));
  two->say("b STORE 1 +FLAGS.SILENT (\\Deleted)");
  EXPECT_THAT(one->hear(), StartsWith("* 1 FETCH (UID 1 FLAGS (\\Deleted"));
  two->say("c EXPUNGE");
  EXPECT_EQ(one->hear(), "* 1 EXPUNGE\r\n");
  EXPECT_EQ(one->say("DONE"), "a OK No longer idling\r\n");
  world.deliver("Subject: seven\r\n\r\nseven\r\n");
  EXPECT_EQ(one->hear(), "") << "nothing without a command";
  EXPECT_THAT(one->say("d IDLE"), HasSubstr("* 6 EXISTS\r\n"));
}

TEST_F(Concurrency, KeepsAnIdleConnectionAlive) {
  const auto one = world.sign_in();
  EXPECT_EQ(one->session().keep_alive().count(), 0);
  EXPECT_EQ(one->say("a IDLE"), "+ idling\r\n");
  EXPECT_EQ(one->session().keep_alive().count(), 120);
  EXPECT_EQ(one->tick(), "* OK Still here\r\n");
  EXPECT_GT(one->session().idle_timeout(), std::chrono::hours(24));
  EXPECT_EQ(one->say("DONE"), "a OK No longer idling\r\n");
  EXPECT_EQ(one->session().idle_timeout(), std::chrono::minutes(30));
}

TEST_F(Concurrency, EndsASessionWhoseMailboxIsDeleted) {
  const auto other = world.sign_in();
  other->say("a CREATE Work");
  const auto one = world.sign_in();
  one->say("b SELECT Work");
  const auto idler = world.sign_in();
  idler->say("c SELECT Work");
  idler->say("d IDLE");
  const auto mover = world.sign_in();
  mover->say("e SELECT Work");
  EXPECT_THAT(other->say("f DELETE Work"), StartsWith("f OK"));
  EXPECT_THAT(one->say("g NOOP"), StartsWith("* BYE"));
  EXPECT_TRUE(one->is_closed());
  EXPECT_THAT(idler->hear(), StartsWith("* BYE"));
  EXPECT_THAT(mover->say("h SELECT INBOX"), HasSubstr("h OK [READ-WRITE]"));
}

TEST_F(Concurrency, LeavesTheMailboxThatItDeletesItself) {
  const auto one = world.sign_in();
  one->say("a CREATE Work");
  one->say("b SELECT Work");
  EXPECT_THAT(one->say("c DELETE Work"), HasSubstr("c OK Deleted"));
  EXPECT_THAT(one->say("d FETCH 1 FLAGS"), StartsWith("d BAD No mailbox is selected"));
}

TEST_F(Concurrency, WorksOnInARenamedMailbox) {
  const auto other = world.sign_in();
  other->say("a CREATE Work");
  world.deliver("Subject: x\r\n\r\nx\r\n", "Work");
  const auto one = world.sign_in();
  one->say("b SELECT Work");
  EXPECT_THAT(other->say("c RENAME Work Play"), StartsWith("c OK"));
  EXPECT_THAT(one->say("d UID FETCH 1 BODY.PEEK[TEXT]"), HasSubstr("{3}\r\nx\r\n"));
  world.deliver("Subject: y\r\n\r\ny\r\n", "Play");
  EXPECT_THAT(one->say("e NOOP"), StartsWith("* 2 EXISTS"));
}

TEST_F(Concurrency, RecentBelongsToOneSession) {
  const auto one = world.sign_in();
  EXPECT_THAT(one->say("a EXAMINE INBOX"), HasSubstr("* 5 RECENT"));
  EXPECT_THAT(one->say("b SELECT INBOX"), HasSubstr("* 5 RECENT"));
  const auto two = world.sign_in();
  EXPECT_THAT(two->say("c SELECT INBOX"), HasSubstr("* 0 RECENT"));
  EXPECT_THAT(one->say("d FETCH 1 FLAGS"), HasSubstr("\\Recent"));
  EXPECT_THAT(two->say("e FETCH 1 FLAGS"), Not(HasSubstr("\\Recent")));
}

TEST_F(Concurrency, TellsAFloodInSteps) {
  world.deliver_many(300);
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  std::string keyword(200, 'k');
  for (int n = 0; n < 8; ++n) {
    two->say("a STORE 1:* +FLAGS.SILENT (" + keyword + std::to_string(n) + ")");
  }
  one->stop_reading();
  one->say("b NOOP");
  std::string all;
  for (int n = 0; n < 100 && count(all, "b OK") == 0; ++n) {
    const std::string part = one->read_on();
    EXPECT_LT(part.size(), 2 * Output::kFull);
    all += part;
  }
  EXPECT_EQ(count(all, "FETCH"), 305);
  EXPECT_EQ(count(all, "b OK"), 1);
}

}  // namespace
}  // namespace waxwing::imap
