#include "protocols/imap/upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string message_literal(const std::string& text) {
  return " {" + std::to_string(text.size()) + "+}\r\n" + text;
}

std::string text(int number, std::size_t size) {
  return "Subject: number " + std::to_string(number) + "\r\n\r\n" + std::string(size, 'x');
}

TEST(MultiAppend, TakesManyMessagesInAnyPieces) {
  SessionWorld world;
  const auto client = world.sign_in();
  std::string command = "a APPEND Sent";
  for (int n = 1; n <= 200; ++n) command += message_literal(text(n, n % 20 == 0 ? 300'000 : 5'000));
  command += "\r\n";
  std::string answer;
  for (std::size_t at = 0; at < command.size(); at += 30'011) {
    answer += client->send(command.substr(at, 30'011));
  }
  EXPECT_THAT(answer, StartsWith("a OK [APPENDUID "));
  EXPECT_THAT(answer, HasSubstr(" 1:200] "));
  client->say("b SELECT Sent");
  EXPECT_THAT(client->say("c FETCH 140 BODY.PEEK[]"), HasSubstr(text(140, 300'000) + ")\r\n"));
  const std::string subjects = client->say("d FETCH 1:* BODY.PEEK[HEADER.FIELDS (Subject)]");
  EXPECT_EQ(count(subjects, "Subject: number "), 200);
  EXPECT_THAT(subjects, HasSubstr("* 137 FETCH (BODY[HEADER.FIELDS (Subject)] {23}\r\n"
                                  "Subject: number 137\r\n\r\n)"));
}

TEST(MultiAppend, NeedsOneWorkerForShortMessages) {
  SessionWorld world;
  const auto client = world.sign_in();
  const int before = client->runs();
  client->send("a APPEND Sent" + message_literal("one") + message_literal("two") +
               message_literal("three") + "\r\n");
  EXPECT_EQ(client->runs() - before, 1);
}

TEST(MultiAppend, HasALimitOfMessages) {
  SessionWorld world;
  const auto client = world.sign_in();
  std::string command = "a APPEND Sent";
  for (std::size_t n = 0; n <= Upload::Limits().messages; ++n) command += message_literal("x");
  EXPECT_THAT(client->say(command), StartsWith("a NO [LIMIT] "));
  EXPECT_THAT(client->say("b STATUS Sent (MESSAGES)"), HasSubstr("(MESSAGES 0)"));
}

TEST(MultiAppend, HasALimitOfOctets) {
  SessionWorld world;
  const std::uint64_t most = Upload::Limits().bytes;
  world.settings->limits.message_size = most;
  const auto client = world.sign_in();
  const std::string size = "{" + std::to_string(most) + "}";
  // One message may be that large, but not beside another.
  EXPECT_THAT(client->say("a APPEND Sent {1+}\r\nx " + size), StartsWith("a NO [LIMIT] "));
  EXPECT_THAT(client->say("b STATUS Sent (MESSAGES)"), HasSubstr("(MESSAGES 0)"));
  EXPECT_THAT(client->say("c APPEND Sent " + size), StartsWith("+ "));
}

TEST(MultiAppend, AppliesTheLimitToEachMessage) {
  SessionWorld world;
  world.settings->limits.message_size = 1000;
  const auto client = world.sign_in();
  const std::string fits(1000, 'x');
  EXPECT_THAT(client->say("a APPEND Sent" + message_literal(fits) + message_literal(fits)),
              StartsWith("a OK "));
  EXPECT_THAT(client->say("b APPEND Sent" + message_literal(fits) + message_literal(fits + "x")),
              StartsWith("b NO [TOOBIG] "));
  EXPECT_THAT(client->say("c STATUS Sent (MESSAGES)"), HasSubstr("(MESSAGES 2)"));
}

TEST(MultiAppend, KeepsNothingWhenTheLastFlagsAreTooMany) {
  SessionWorld world;
  const auto client = world.sign_in();
  std::string keywords;
  for (int n = 0; n < Flags::kMaxKeywords; ++n) keywords += " k" + std::to_string(n);
  EXPECT_THAT(client->say("a APPEND Sent (k0" + keywords + ")" + message_literal("x") +
                          " (one.more)" + message_literal("y")),
              StartsWith("a NO [LIMIT] "));
  EXPECT_THAT(client->say("b STATUS Sent (MESSAGES)"), HasSubstr("(MESSAGES 0)"));
}

TEST(MultiAppend, GoesOnAfterARefusal) {
  SessionWorld world;
  const auto client = world.sign_in();
  // All literals of a refused command are swallowed, and what is in them is no command.
  EXPECT_THAT(client->say("a APPEND Missing" + message_literal("b LOGOUT\r\n") +
                          message_literal("c LOGOUT\r\n")),
              StartsWith("a NO [TRYCREATE] "));
  EXPECT_THAT(client->say("d APPEND Missing {70000+}\r\n" + std::string(70'000, 'x') +
                          message_literal("e LOGOUT\r\n")),
              StartsWith("d NO [TRYCREATE] "));
  EXPECT_THAT(client->say("f APPEND Sent" + message_literal("x") + message_literal("y")),
              StartsWith("f OK "));
}

// A message that was put away with a long header is one of which the index knows nothing yet.
TEST(Preview, IsReadFromTheFileUnlessLazy) {
  SessionWorld world;
  const auto client = world.sign_in();
  const std::string unknown =
      "X-Long: " + std::string(300'000, 'x') + "\r\n\r\nread from its file\r\n";
  client->say("a APPEND Sent" + message_literal(unknown) +
              message_literal("\r\nknown at once\r\n"));
  client->say("b SELECT Sent");
  EXPECT_EQ(
      client->say("c FETCH 1:2 (PREVIEW (LAZY))"),
      "* 1 FETCH (PREVIEW NIL)\r\n* 2 FETCH (PREVIEW \"known at once\")\r\nc OK That is all\r\n");
  EXPECT_THAT(client->say("d FETCH 1:2 (PREVIEW)"),
              StartsWith("* 1 FETCH (PREVIEW \"read from its file\")\r\n"));
  EXPECT_THAT(client->say("e FETCH 1 (PREVIEW (LAZY) RFC822.SIZE)"),
              StartsWith("* 1 FETCH (PREVIEW \"read from its file\" RFC822.SIZE "));
}

TEST(Catenate, TakesPartsOfManyMessages) {
  SessionWorld world;
  world.deliver_many(3);
  const std::string validity = std::to_string(world.mailbox()->uid_validity());
  const auto client = world.sign_in();
  std::string command = "a APPEND Sent CATENATE (TEXT {14+}\r\nSubject: all\r\n";
  for (int uid = 3; uid > 0; --uid) {
    command += " URL \"/INBOX;UIDVALIDITY=" + validity + "/;UID=" + std::to_string(uid) +
               "/;SECTION=TEXT\"";
  }
  // The empty line is a text of its own; it is put before them only here.
  command.replace(command.find(" URL"), 0, " TEXT {2+}\r\n\r\n");
  EXPECT_THAT(client->say(command + ")"), StartsWith("a OK [APPENDUID "));
  client->say("b SELECT Sent");
  EXPECT_THAT(client->say("c FETCH 1 BODY.PEEK[]"),
              HasSubstr("Subject: all\r\n\r\nbody 3\r\nbody 2\r\nbody 1\r\n)"));
}

TEST(Catenate, CopiesALargeMessage) {
  SessionWorld world;
  const std::string large = text(1, 1'000'000);
  world.deliver(large);
  const auto client = world.sign_in();
  EXPECT_THAT(client->say("a APPEND Sent CATENATE (URL /INBOX/;UID=1 TEXT {3+}\r\nend)"),
              StartsWith("a OK "));
  client->say("b SELECT Sent");
  EXPECT_THAT(client->say("c FETCH 1 BODY.PEEK[]"), HasSubstr("\r\n" + large + "end)"));
}

TEST(Catenate, HasALimitOfUrls) {
  SessionWorld world;
  world.deliver_many(1);
  const auto client = world.sign_in();
  std::string urls = "URL /INBOX/;UID=1/;PARTIAL=0.1";
  for (std::size_t n = 1; n < Upload::Limits().urls; ++n) urls += " URL /INBOX/;UID=1/;PARTIAL=0.1";
  EXPECT_THAT(client->say("a APPEND Sent CATENATE (" + urls + ")"), StartsWith("a OK "));
  EXPECT_THAT(client->say("b APPEND Sent CATENATE (" + urls + " URL /INBOX/;UID=1)"),
              StartsWith("b NO [LIMIT] "));
}

TEST(Catenate, CountsWhatUrlsBringAmongTheOctetsOfACommand) {
  SessionWorld world;
  world.deliver(text(1, 90'000'000));
  const auto client = world.sign_in();
  EXPECT_THAT(client->say("a APPEND Sent CATENATE (URL /INBOX/;UID=1) CATENATE (URL "
                          "/INBOX/;UID=1) CATENATE (URL /INBOX/;UID=1)"),
              StartsWith("a NO [LIMIT] "));
  EXPECT_THAT(client->say("b STATUS Sent (MESSAGES)"), HasSubstr("(MESSAGES 0)"));
}

TEST(Catenate, SeesTheMailboxAsItIsNow) {
  SessionWorld world;
  world.deliver_many(1);
  const auto client = world.sign_in();
  client->say("a APPEND Sent CATENATE (URL /INBOX/;UID=1)");
  const auto other = world.open_inbox();
  other->say("b STORE 1 +FLAGS.SILENT (\\Deleted)");
  other->say("c EXPUNGE");
  EXPECT_THAT(client->say("d APPEND Sent CATENATE (URL /INBOX/;UID=1)"),
              StartsWith("d NO [BADURL /INBOX/;UID=1] "));
}

TEST(Catenate, KeepsNulOfAPartInBase64) {
  SessionWorld world;
  world.deliver(std::string("Subject: nul\r\n\r\na\0b", 19));
  const auto client = world.sign_in();
  EXPECT_THAT(client->say("a APPEND Sent CATENATE (URL /INBOX/;UID=1)"), StartsWith("a OK "));
  client->say("b SELECT Sent");
  EXPECT_THAT(client->say("c FETCH 1 BODY.PEEK[TEXT]"), HasSubstr("YQBi\r\n)"));
}

TEST(Compress, EndsWithTheIdentity) {
  SessionWorld world;
  const auto client = world.sign_in();
  EXPECT_THAT(client->say("a COMPRESS DEFLATE"), StartsWith("a OK "));
  EXPECT_THAT(client->say("b COMPRESS DEFLATE"), StartsWith("b BAD [COMPRESSIONACTIVE] "));
  EXPECT_THAT(client->say("c UNAUTHENTICATE"), StartsWith("c OK "));
  client->say("d LOGIN alice@example.test secret-alice");
  EXPECT_THAT(client->say("e CAPABILITY"), HasSubstr(" COMPRESS=DEFLATE "));
  EXPECT_THAT(client->say("f COMPRESS DEFLATE"), StartsWith("f OK "));
}

TEST(Replace, WantsAUidWhereThereAreNoNumbers) {
  SessionWorld world;
  world.settings->capabilities.show = {"UIDONLY"};
  world.deliver_many(1);
  const auto client = world.sign_in();
  client->say("a ENABLE UIDONLY");
  client->say("a SELECT INBOX");
  EXPECT_THAT(client->say("b REPLACE 1 INBOX" + message_literal("x")),
              StartsWith("b BAD [UIDREQUIRED] "));
  EXPECT_THAT(client->say("c UID REPLACE 1 INBOX" + message_literal("x")),
              HasSubstr("* VANISHED 1\r\n"));
}

TEST(Utf8, IsNotAskedOfImap4Rev2) {
  SessionWorld world;
  const auto client = world.sign_in();
  const std::string message = "Subject: Gr\u00f6\u00dfe\r\n\r\n";
  EXPECT_THAT(client->say("a APPEND Sent" + message_literal(message)),
              StartsWith("a NO [CANNOT] "));
  client->say("b ENABLE IMAP4rev2");
  EXPECT_THAT(client->say("c APPEND Sent" + message_literal(message)), StartsWith("c OK "));
}

TEST(Replace, LeavesTheMessageWhenItIsRefused) {
  SessionWorld world;
  world.deliver_many(2);
  world.settings->limits.message_size = 1000;
  const auto client = world.open_inbox();
  const std::string large(1001, 'x');
  EXPECT_THAT(client->say("a REPLACE 1 INBOX" + message_literal(large)),
              StartsWith("a NO [TOOBIG] "));
  EXPECT_THAT(client->say("b REPLACE 1 Missing" + message_literal("x")),
              StartsWith("b NO [TRYCREATE] "));
  EXPECT_THAT(client->say("c FETCH 1:* UID"),
              StartsWith("* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\n"));
}

TEST(Replace, OfTheLastMessage) {
  SessionWorld world;
  world.deliver_many(3);
  const auto client = world.open_inbox();
  EXPECT_THAT(client->say("a REPLACE * INBOX (\\Flagged)" + message_literal("Subject: x\r\n\r\ny")),
              HasSubstr("* 3 EXPUNGE\r\n* 3 EXISTS\r\n"));
  EXPECT_THAT(client->say("b FETCH 3 (UID FLAGS BODY.PEEK[TEXT])"),
              StartsWith("* 3 FETCH (UID 4 FLAGS (\\Flagged \\Recent) BODY[TEXT] {1}\r\ny)"));
}

TEST(Replace, TakesNothingFromTheMessageBefore) {
  SessionWorld world;
  world.deliver_many(1);
  const auto client = world.open_inbox();
  client->say("a STORE 1 +FLAGS.SILENT (\\Answered kept)");
  client->say("b REPLACE 1 INBOX" + message_literal("x"));
  EXPECT_THAT(client->say("c FETCH 1 FLAGS"), StartsWith("* 1 FETCH (FLAGS (\\Recent))"));
}

TEST(Replace, ThatLosesTheRaceLeavesNothingBehind) {
  SessionWorld world;
  world.deliver_many(1);
  const auto one = world.open_inbox();
  const auto two = world.open_inbox();
  EXPECT_THAT(one->say("a UID REPLACE 1 Drafts {70000}"), StartsWith("+ "));
  EXPECT_THAT(two->say("b UID REPLACE 1 Drafts" + message_literal("two")), HasSubstr("b OK "));
  EXPECT_THAT(one->say(std::string(70'000, 'x')), EndsWith("a NO [EXPUNGEISSUED] The message has "
                                                           "been expunged\r\n"));
  EXPECT_THAT(one->say("c STATUS Drafts (MESSAGES)"), HasSubstr("(MESSAGES 1)"));
}

}  // namespace
}  // namespace waxwing::imap
