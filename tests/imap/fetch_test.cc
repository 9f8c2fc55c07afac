#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kMessage =
    "From: Ann <ann@example.net>\r\nSubject: Lunch\r\n"
    "Content-Type: text/plain\r\n\r\nnoon?\r\n";

TEST(Fetch, AnswersFlagsOfFewMessagesWithoutAWorker) {
  SessionWorld world;
  world.deliver_many(3);
  const auto client = world.open_inbox();
  const int runs = client->runs();
  EXPECT_THAT(client->say("a UID FETCH 1:* (FLAGS)"),
              HasSubstr("* 3 FETCH (UID 3 FLAGS (\\Recent))\r\na OK"));
  EXPECT_EQ(client->runs(), runs);
  client->say("b UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
  EXPECT_GT(client->runs(), runs);
}

TEST(Fetch, SendsAWholeMessageAsItIs) {
  SessionWorld world;
  world.deliver(kMessage);
  const auto client = world.open_inbox();
  const std::string size = std::to_string(std::string_view(kMessage).size());
  EXPECT_EQ(client->say("a FETCH 1 (BODY.PEEK[] RFC822.SIZE)"),
            "* 1 FETCH (BODY[] {" + size + "}\r\n" + kMessage + " RFC822.SIZE " + size +
                ")\r\na OK That is all\r\n");
}

TEST(Fetch, SendsHeaderFieldsWithoutOpeningTheFile) {
  SessionWorld world;
  world.deliver(kMessage);
  const auto client = world.open_inbox();
  const std::string answer =
      client->say("a UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (Subject From)] RFC822.SIZE)");
  EXPECT_THAT(answer, HasSubstr("From: Ann <ann@example.net>\r\nSubject: Lunch\r\n\r\n"));
}

TEST(Fetch, SetsSeenOncePerMessage) {
  SessionWorld world;
  world.deliver(kMessage);
  const auto client = world.open_inbox();
  EXPECT_THAT(client->say("a FETCH 1 BODY.PEEK[]"), Not(HasSubstr("FLAGS")));
  EXPECT_THAT(client->say("b FETCH 1 BODY[]"), HasSubstr(" FLAGS (\\Seen \\Recent))"));
  EXPECT_THAT(client->say("c FETCH 1 BODY[]"), Not(HasSubstr("FLAGS")));
  EXPECT_THAT(client->say("d FETCH 1 (FLAGS)"), HasSubstr("\\Seen"));
}

TEST(Fetch, AnswersAPartialOfAnEmptyPart) {
  SessionWorld world;
  world.deliver("Subject: empty\r\n\r\n");
  const auto client = world.open_inbox();
  EXPECT_EQ(client->say("a FETCH 1 BODY.PEEK[1]<0.393216>"),
            "* 1 FETCH (BODY[1]<0> {0}\r\n)\r\na OK That is all\r\n");
}

TEST(Fetch, StopsWhereTheClientStopsReading) {
  SessionWorld world;
  const std::string big = "Subject: big\r\n\r\n" + std::string(100'000, 'x') + "\r\n";
  for (int n = 0; n < 12; ++n) world.deliver(big);
  const auto client = world.open_inbox();
  client->stop_reading();
  client->send("a FETCH 1:* BODY.PEEK[]\r\n");
  std::string all;
  for (int n = 0; n < 100 && count(all, "a OK") == 0; ++n) {
    const std::string part = client->read_on();
    EXPECT_LT(part.size(), Output::kFull + big.size() + 200);
    all += part;
  }
  EXPECT_EQ(count(all, "FETCH (BODY[] {"), 12);
  EXPECT_THAT(all, EndsWith("a OK That is all\r\n"));
}

TEST(Fetch, SendsManyHeadersInSteps) {
  SessionWorld world;
  const std::string big = "Subject: " + std::string(4000, 's') + "\r\n\r\nx\r\n";
  for (int n = 0; n < 150; ++n) world.deliver(big);
  const auto client = world.open_inbox();
  client->stop_reading();
  client->send("a UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])\r\n");
  std::string all;
  for (int n = 0; n < 100 && count(all, "a OK") == 0; ++n) {
    const std::string part = client->read_on();
    EXPECT_LT(part.size(), 2 * Output::kFull);
    all += part;
  }
  for (int n = 1; n <= 150; ++n) {
    EXPECT_EQ(count(all, "* " + std::to_string(n) + " FETCH (UID"), 1) << n;
  }
}

TEST(Fetch, HasEnvelopeAndStructure) {
  SessionWorld world;
  world.deliver(kMessage);
  const auto client = world.open_inbox();
  const std::string answer = client->say("a FETCH 1 (ENVELOPE BODY)");
  EXPECT_THAT(answer, HasSubstr("ENVELOPE (NIL \"Lunch\" ((\"Ann\" NIL \"ann\" \"example.net\"))"));
  EXPECT_THAT(answer, HasSubstr("BODY (\"text\" \"plain\""));
}

TEST(Fetch, RefusesWhatIsNotThere) {
  SessionWorld world;
  world.deliver(kMessage);
  const auto client = world.open_inbox();
  EXPECT_THAT(client->say("a FETCH 2 FLAGS"), StartsWith("a BAD"));
  EXPECT_THAT(client->say("b FETCH 1 (FLAGS) (NONSENSE)"), StartsWith("b BAD"));
  EXPECT_THAT(client->say("c UID FETCH 2 BODY[]"), StartsWith("c OK"));
}

TEST(Fetch, AnswersForTheLastMessageWhenUidsAreBeyondIt) {
  SessionWorld world;
  world.deliver_many(2);
  const auto client = world.open_inbox();
  EXPECT_THAT(client->say("a UID FETCH 3:* (FLAGS)"), StartsWith("* 2 FETCH (UID 2 "));
}

}  // namespace
}  // namespace waxwing::imap
