#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/keywords.h"
#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Append, KeepsFlagsAndDate) {
  SessionWorld world;
  const auto client = world.open_inbox();
  EXPECT_THAT(client->say("a APPEND INBOX (\\Seen Urgent) \" 1-Jan-2026 12:00:00 +0000\" {5}"),
              StartsWith("+ "));
  const std::string answer = client->say("hello");
  EXPECT_THAT(answer, HasSubstr("* 1 EXISTS\r\n"));
  EXPECT_THAT(answer, HasSubstr("a OK [APPENDUID "));
  const std::string fetched = client->say("b FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])");
  EXPECT_THAT(fetched, HasSubstr("\\Seen"));
  EXPECT_THAT(fetched, HasSubstr("Urgent"));
  EXPECT_THAT(fetched, HasSubstr("\" 1-Jan-2026 12:00:00 +0000\""));
  EXPECT_THAT(fetched, HasSubstr("BODY[] {5}\r\nhello"));
}

TEST(Append, StreamsALargeMessageInAnyPieces) {
  SessionWorld world;
  const auto client = world.sign_in();
  const std::string text =
      "Subject: big\r\n\r\n" + std::string(700'000, 'y') + "\r\n" + std::string(300'000, 'z');
  client->send("a APPEND Sent {" + std::to_string(text.size()) + "+}\r\n");
  for (std::size_t at = 0; at < text.size(); at += 50'021) {
    EXPECT_EQ(client->send(text.substr(at, 50'021)), "");
  }
  EXPECT_THAT(client->say(""), StartsWith("a OK [APPENDUID "));
  client->say("b SELECT Sent");
  const std::string fetched = client->say("c FETCH 1 BODY.PEEK[]");
  EXPECT_THAT(fetched, HasSubstr("{" + std::to_string(text.size()) + "}\r\n" + text + ")\r\n"));
}

TEST(Append, RefusesBeforeTheMessageIsSent) {
  SessionWorld world;
  world.settings->limits.message_size = 1000;
  const auto client = world.sign_in();
  EXPECT_THAT(client->say("a APPEND INBOX {1001}"), StartsWith("a NO [TOOBIG]"));
  EXPECT_THAT(client->say("b APPEND Missing {5}"), StartsWith("b NO [TRYCREATE]"));
  EXPECT_THAT(client->say("c APPEND \"a//b\" {5}"), StartsWith("c NO [CANNOT]"));
  EXPECT_THAT(client->say("d APPEND INBOX {0}"), StartsWith("d NO"));
  // What a client sends all the same is swallowed.
  EXPECT_THAT(client->send("e APPEND Missing {8+}\r\nx LOGOUT\r\nf NOOP\r\n"),
              StartsWith("e NO [TRYCREATE]"));
  EXPECT_THAT(client->say("g NOOP"), StartsWith("g OK"));
}

TEST(Append, RefusesASyntaxErrorBeforeTheMessageIsSent) {
  SessionWorld world;
  const auto client = world.sign_in();
  EXPECT_THAT(client->say("a APPEND INBOX \"yesterday\" {1000000}"), StartsWith("a BAD APPEND: "));
  EXPECT_THAT(client->send("b APPEND INBOX nonsense {8+}\r\nx LOGOUT\r\n"),
              StartsWith("b BAD APPEND: "));
  EXPECT_THAT(client->say("c NOOP"), StartsWith("c OK"));
}

TEST(Append, PassesOverFlagsOfExtensions) {
  SessionWorld world;
  const auto client = world.open_inbox();
  EXPECT_THAT(client->send("a APPEND INBOX (\\Seen \\Unheard) {1+}\r\nx\r\n"),
              HasSubstr("a OK [APPENDUID"));
  EXPECT_THAT(client->say("b FETCH 1 FLAGS"), HasSubstr("(FLAGS (\\Seen \\Recent))"));
  EXPECT_THAT(client->say("c STORE 1 +FLAGS (\\Unheard)"), HasSubstr("c OK"));
}

TEST(Append, GivesBareLineFeedsTheirCarriageReturns) {
  SessionWorld world;
  const auto client = world.open_inbox();
  client->say("a APPEND INBOX {14+}\r\nSubject: x\n\ny\n");
  EXPECT_THAT(client->say("b FETCH 1 BODY.PEEK[]"), HasSubstr("{17}\r\nSubject: x\r\n\r\ny\r\n)"));
}

TEST(Append, LeavesNothingBehindWhenTheClientGoes) {
  SessionWorld world;
  auto client = world.sign_in();
  client->send("a APPEND INBOX {1000000+}\r\n" + std::string(600'000, 'x'));
  client.reset();
  EXPECT_THAT(world.sign_in()->say("b STATUS INBOX (MESSAGES)"), HasSubstr("(MESSAGES 0)"));
}

TEST(Append, WantsToBeSignedIn) {
  SessionWorld world;
  const auto client = world.connect();
  EXPECT_THAT(client->send("a APPEND INBOX {5+}\r\nhello\r\n"), HasSubstr("a BAD"));
}

TEST(CopyAndMove, SayTheNewUids) {
  SessionWorld world;
  world.deliver_many(4);
  const auto client = world.open_inbox();
  EXPECT_THAT(client->say("a COPY 2:3 Archive"), HasSubstr("a OK [COPYUID "));
  const std::string moved = client->say("b MOVE 1,3 Archive");
  EXPECT_THAT(moved, StartsWith("* OK [COPYUID "));
  EXPECT_THAT(moved, HasSubstr(" 1,3 3:4] Moved\r\n* 1 EXPUNGE\r\n* 2 EXPUNGE\r\nb OK"));
  EXPECT_THAT(client->say("c FETCH 1:2 UID"),
              HasSubstr("* 1 FETCH (UID 2)\r\n* 2 FETCH (UID 4)\r\n"));
  EXPECT_THAT(client->say("d UID MOVE 2 Missing"), StartsWith("d NO [TRYCREATE]"));
  EXPECT_THAT(client->say("e STATUS Archive (MESSAGES)"), HasSubstr("(MESSAGES 4)"));
}

TEST(CopyAndMove, CopyWhatIsLeftWhenOneMessageIsGone) {
  SessionWorld world;
  world.deliver_many(3);
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  two->say("a STORE 2 +FLAGS.SILENT (\\Deleted)");
  two->say("b EXPUNGE");
  EXPECT_THAT(one->say("c COPY 1:3 Archive"), HasSubstr(" 1,3 1:2] Copied"));
  EXPECT_THAT(one->say("d FETCH 2 BODY.PEEK[]"), HasSubstr("d NO [EXPUNGEISSUED]"));
  EXPECT_THAT(one->say("e COPY 2 Archive"), HasSubstr("e NO [EXPUNGEISSUED]"));
}

TEST(Store, ChangesManyMessagesAtOnce) {
  SessionWorld world;
  world.deliver_many(30);
  const auto client = world.open_inbox();
  const std::string answer = client->say("a STORE 1:* +FLAGS (\\Seen)");
  EXPECT_EQ(count(answer, "FETCH (FLAGS (\\Seen \\Recent))"), 30);
  EXPECT_EQ(client->say("b STORE 1:* -FLAGS.SILENT (\\Seen)"), "b OK Stored\r\n");
  EXPECT_EQ(client->say("c NOOP"), "c OK Nothing done\r\n");
}

TEST(Store, OffersNewKeywordsWhileThereIsRoom) {
  SessionWorld world;
  world.deliver_many(1);
  const auto client = world.open_inbox();
  std::string keywords;
  for (std::size_t n = 0; n < kMostOtherKeywords; ++n) {
    EXPECT_THAT(client->say("a SELECT INBOX"), HasSubstr(" \\*)] Flags permitted"));
    const std::string keyword = "word" + std::to_string(n);
    EXPECT_THAT(client->say("b STORE 1 +FLAGS (" + keyword + ")"), HasSubstr("b OK"));
    keywords += " " + keyword;
  }
  const std::string permanent =
      "[PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk $NotJunk $Forwarded "
      "$MDNSent" +
      keywords + ")] Flags permitted";
  EXPECT_THAT(client->say("c SELECT INBOX"), HasSubstr(permanent));
  EXPECT_THAT(client->say("d STORE 1 +FLAGS (another)"), HasSubstr("d NO [LIMIT]"));
  // Those are for everybody to have.
  EXPECT_THAT(client->say("e STORE 1 +FLAGS ($Junk)"), HasSubstr("e OK"));
}

TEST(Close, ExpungesWithoutAWord) {
  SessionWorld world;
  world.deliver_many(3);
  const auto client = world.open_inbox();
  client->say("a STORE 1:2 +FLAGS.SILENT (\\Deleted)");
  EXPECT_EQ(client->say("b CLOSE"), "b OK Closed\r\n");
  EXPECT_THAT(client->say("c STATUS INBOX (MESSAGES DELETED)"),
              HasSubstr("(MESSAGES 1 DELETED 0)"));
}

TEST(Search, SavesItsResult) {
  SessionWorld world;
  world.deliver_many(12);
  const auto client = world.open_inbox();
  EXPECT_EQ(client->say("a SEARCH RETURN (SAVE) SUBJECT \"number 1\""), "a OK Searched\r\n");
  EXPECT_EQ(count(client->say("b FETCH $ UID"), " FETCH (UID "), 4);
  client->say("c STORE 10 +FLAGS.SILENT (\\Deleted)");
  client->say("d EXPUNGE");
  EXPECT_EQ(count(client->say("e FETCH $ UID"), " FETCH (UID "), 3);
  EXPECT_THAT(client->say("f UID SEARCH RETURN (MIN MAX COUNT) $"),
              HasSubstr("* ESEARCH (TAG \"f\") UID MIN 1 MAX 12 COUNT 3\r\n"));
}

TEST(Search, RunsOnItsOwnLane) {
  SessionWorld world;
  world.deliver_many(3);
  const auto client = world.open_inbox();
  EXPECT_EQ(client->say("a SEARCH BODY \"body 2\""), "* SEARCH 2\r\na OK Searched\r\n");
  EXPECT_EQ(client->last_lane(), Lane::Search);
}

}  // namespace
}  // namespace waxwing::imap
