#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kLunch =
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
  world.deliver(kLunch);
  const auto client = world.open_inbox();
  const std::string size = std::to_string(std::string_view(kLunch).size());
  EXPECT_EQ(client->say("a FETCH 1 (BODY.PEEK[] RFC822.SIZE)"),
            "* 1 FETCH (BODY[] {" + size + "}\r\n" + kLunch + " RFC822.SIZE " + size +
                ")\r\na OK That is all\r\n");
}

TEST(Fetch, SendsHeaderFieldsWithoutOpeningTheFile) {
  SessionWorld world;
  world.deliver(kLunch);
  const auto client = world.open_inbox();
  const std::string answer =
      client->say("a UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (Subject From)] RFC822.SIZE)");
  EXPECT_THAT(answer, HasSubstr("From: Ann <ann@example.net>\r\nSubject: Lunch\r\n\r\n"));
}

TEST(Fetch, SetsSeenOncePerMessage) {
  SessionWorld world;
  world.deliver(kLunch);
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
  world.deliver(kLunch);
  const auto client = world.open_inbox();
  const std::string answer = client->say("a FETCH 1 (ENVELOPE BODY)");
  EXPECT_THAT(answer, HasSubstr("ENVELOPE (NIL \"Lunch\" ((\"Ann\" NIL \"ann\" \"example.net\"))"));
  EXPECT_THAT(answer, HasSubstr("BODY (\"text\" \"plain\""));
}

TEST(Fetch, RefusesWhatIsNotThere) {
  SessionWorld world;
  world.deliver(kLunch);
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

// "Subject: nul\r\n..." with a body that has a NUL at its end, and as much before it.
std::string with_nul(std::size_t size) {
  return "Subject: nul\r\nX-A: a" + std::string(1, '\0') + "b\r\n\r\n" + std::string(size, 'x') +
         std::string(1, '\0') + "\r\n";
}

TEST(Fetch, SendsABlankInPlaceOfNul) {
  SessionWorld world;
  world.deliver(with_nul(10));
  const auto client = world.open_inbox();
  EXPECT_EQ(client->say("a FETCH 1 BODY.PEEK[TEXT]"),
            "* 1 FETCH (BODY[TEXT] {13}\r\nxxxxxxxxxx \r\n)\r\na OK That is all\r\n");
  for (const char* item : {"BODY.PEEK[]", "RFC822", "RFC822.HEADER", "BODY.PEEK[1]", "ENVELOPE",
                           "BODY.PEEK[HEADER.FIELDS (X-A)]", "BODYSTRUCTURE"}) {
    EXPECT_THAT(client->say("b FETCH 1 " + std::string(item)), Not(HasSubstr(std::string(1, '\0'))))
        << item;
  }
  EXPECT_THAT(client->say("c FETCH 1 BODY.PEEK[HEADER.FIELDS (X-A)]"),
              HasSubstr("{12}\r\nX-A: a b"));
}

TEST(Fetch, SendsNulInALiteral8) {
  SessionWorld world;
  world.deliver(with_nul(10));
  world.deliver("Subject: none\r\n\r\nx\r\n");
  const auto client = world.open_inbox();
  const std::string nul(1, '\0');
  EXPECT_THAT(client->say("a FETCH 1 BINARY.PEEK[1]"),
              HasSubstr("BINARY[1] ~{13}\r\nxxxxxxxxxx" + nul + "\r\n"));
  EXPECT_THAT(client->say("b FETCH 1 BINARY.PEEK[]"), HasSubstr("BINARY[] ~{"));
  EXPECT_THAT(client->say("c FETCH 2 BINARY.PEEK[]"), HasSubstr("BINARY[] {"));
}

TEST(Fetch, BlanksALongMessageWhileTheClientReads) {
  SessionWorld world;
  constexpr std::size_t kSize = 3'000'000;
  world.deliver(with_nul(kSize));
  world.deliver("Subject: next\r\n\r\nx\r\n");
  const auto client = world.open_inbox();
  EXPECT_THAT(client->say("b FETCH 1 BINARY.PEEK[]"),
              HasSubstr(std::string(10, 'x') + std::string(1, '\0') + "\r\n)\r\nb OK"));
  client->stop_reading();
  client->send("a FETCH 1:2 BODY.PEEK[TEXT]\r\n");
  std::string all;
  for (int n = 0; n < 100 && count(all, "a OK") == 0; ++n) {
    const std::string part = client->read_on();
    EXPECT_LT(part.size(), 2 * Output::kFull);
    all += part;
  }
  EXPECT_EQ(all, "* 1 FETCH (BODY[TEXT] {" + std::to_string(kSize + 3) + "}\r\n" +
                     std::string(kSize, 'x') +
                     " \r\n)\r\n* 2 FETCH (BODY[TEXT] {3}\r\nx\r\n)\r\na OK That is all\r\n");
}

TEST(Fetch, SaysNothingInsideALiteralThatItCannotFinish) {
  SessionWorld world;
  world.deliver(with_nul(3'000'000));
  const auto client = world.open_inbox();
  client->stop_reading();
  client->send("a FETCH 1 BODY.PEEK[]\r\n");
  client->read_on();
  const std::string before = client->read_on();
  Output output;
  EXPECT_EQ(client->session().overloaded(output).kind, Next::Kind::Close);
  client->session().goodbye("Shutting down", output);
  EXPECT_EQ(output.drain(), "");
}

TEST(Fetch, SharesItsLaneWhileItOpensFiles) {
  SessionWorld world;
  world.deliver_many(20);
  const auto client = world.open_inbox();
  int runs = client->runs();
  EXPECT_EQ(count(client->say("a FETCH 1:* BODY.PEEK[]"), "FETCH"), 20);
  EXPECT_EQ(client->runs(), runs + 1);
  world.clock.drift = std::chrono::milliseconds(6);
  runs = client->runs();
  EXPECT_EQ(count(client->say("b FETCH 1:* BODY.PEEK[]"), "FETCH"), 20);
  EXPECT_GE(client->runs(), runs + 10);
}

std::string with_base64_part(std::size_t size) {
  std::string text =
      "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n";
  for (std::size_t n = 0; n < size; n += 3) text += "QUJD";
  return text + "\r\n";
}

TEST(Fetch, HoldsNoMoreThanItMay) {
  SessionWorld world;
  constexpr std::size_t kSize = 3'000'000;
  world.deliver(with_base64_part(kSize));
  const auto client = world.open_inbox();
  const auto items = [](int number) {
    std::string list = "(";
    for (int n = 0; n < number; ++n) {
      list += "BINARY[1]<0." + std::to_string(kSize - static_cast<std::size_t>(n)) + "> ";
    }
    return list + "BINARY.SIZE[1])";
  };
  EXPECT_THAT(client->say("a FETCH 1 " + items(10)), EndsWith("a OK That is all\r\n"));
  client->say("b STORE 1 -FLAGS (\\Seen)");
  EXPECT_THAT(client->say("c FETCH 1 " + items(30)), StartsWith("c NO [LIMIT]"));
  EXPECT_THAT(client->say("d FETCH 1 FLAGS"), Not(HasSubstr("\\Seen")));
}

TEST(Fetch, LooksIntoAHeaderOnlySoOften) {
  SessionWorld world;
  world.deliver("X-Long: " + std::string(200'000, 'x') + "\r\n\r\nx\r\n");
  const auto client = world.open_inbox();
  const auto items = [](int number) {
    std::string list = "(UID";
    for (int n = 0; n < number; ++n) {
      list += " BODY.PEEK[HEADER.FIELDS (X" + std::to_string(n) + ")]";
    }
    return list + ")";
  };
  EXPECT_THAT(client->say("a FETCH 1 " + items(100)), EndsWith("a OK That is all\r\n"));
  EXPECT_THAT(client->say("b FETCH 1 " + items(400)), StartsWith("b NO [LIMIT]"));
}

TEST(Fetch, DoesNotMarkWhatItCouldNotSend) {
  SessionWorld world;
  world.deliver(
      "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
      "Content-Transfer-Encoding: x-unheard-of\r\n\r\nx\r\n");
  world.deliver(kLunch);
  const auto client = world.open_inbox();
  EXPECT_EQ(client->say("a FETCH 1:2 BINARY[1]"),
            "* 2 FETCH (BINARY[1] {7}\r\nnoon?\r\n FLAGS (\\Seen \\Recent))\r\n"
            "a NO [UNKNOWN-CTE] The part's transfer encoding is unknown\r\n");
  EXPECT_THAT(client->say("b FETCH 1 FLAGS"), Not(HasSubstr("\\Seen")));
}

TEST(Fetch, MarksNoMoreThanItIsAboutToSend) {
  SessionWorld world;
  const std::string big = "Subject: big\r\n\r\n" + std::string(100'000, 'x') + "\r\n";
  for (int n = 0; n < 12; ++n) world.deliver(big);
  const auto client = world.open_inbox();
  client->stop_reading();
  client->send("a FETCH 1:* BODY[]\r\n");
  const auto other = world.open_inbox();
  EXPECT_THAT(other->say("b SEARCH SEEN"), StartsWith("* SEARCH 1 2 3\r\n"));
}

}  // namespace
}  // namespace waxwing::imap
