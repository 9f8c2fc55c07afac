#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(List, TakesAnEmptyPatternForTheSeparatorInTheBasicSyntaxAlone) {
  SessionWorld world;
  const auto client = world.sign_in();
  EXPECT_EQ(client->say("a LIST \"\" \"\""),
            "* LIST (\\Noselect) \"/\" \"\"\r\na OK That is all\r\n");
  EXPECT_EQ(client->say("b LIST \"\" (\"\")"), "b OK That is all\r\n");
  EXPECT_EQ(client->say("c LIST (SUBSCRIBED) \"\" \"\""), "c OK That is all\r\n");
  EXPECT_EQ(client->say("d LIST \"\" \"\" RETURN (CHILDREN)"), "d OK That is all\r\n");
}

TEST(List, TellsOfTheLevelsAboveASubscriptionWithoutMailbox) {
  SessionWorld world;
  const auto client = world.sign_in();
  client->say("s SUBSCRIBE Lost/And/Found");
  EXPECT_EQ(client->say("a LSUB \"\" \"L%\""),
            "* LSUB (\\Noselect \\HasChildren) \"/\" Lost\r\na OK That is all\r\n");
  EXPECT_EQ(client->say("b LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"L%\""),
            "* LIST (\\NonExistent \\Noselect \\HasChildren) \"/\" Lost"
            " (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\nb OK That is all\r\n");
  EXPECT_EQ(client->say("c LIST \"\" \"L*\""), "c OK That is all\r\n");
  EXPECT_EQ(client->say("d LSUB \"\" \"L*\""),
            "* LSUB (\\Noselect \\HasNoChildren) \"/\" Lost/And/Found\r\nd OK That is all\r\n");
}

TEST(List, BoundsItsPatterns) {
  SessionWorld world;
  const auto client = world.sign_in();
  const auto patterns = [](int count, std::size_t size) {
    std::string list = "(";
    for (int n = 0; n < count; ++n) list += (n > 0 ? " " : "") + std::string(size, 'x');
    return list + ")";
  };
  EXPECT_THAT(client->say("a LIST \"\" " + patterns(100, 10)), StartsWith("a OK"));
  EXPECT_THAT(client->say("b LIST \"\" " + patterns(101, 10)), StartsWith("b NO [LIMIT]"));
  EXPECT_THAT(client->say("c LIST \"\" " + patterns(20, 1000)), StartsWith("c NO [LIMIT]"));
}

TEST(List, RefusesAPatternOfMoreWildcardsThanLevelsAnybodyAsksFor) {
  SessionWorld world;
  const auto client = world.sign_in();
  const auto pattern = [](int count) {
    std::string text;
    for (int n = 0; n < count; ++n) text += "*d";
    return text;
  };
  EXPECT_THAT(client->say("a LIST \"\" " + pattern(100)), StartsWith("a OK"));
  EXPECT_THAT(client->say("b LIST \"\" " + pattern(101)), StartsWith("b NO [LIMIT]"));
  EXPECT_THAT(client->say("c LSUB \"\" " + pattern(2000)), StartsWith("c NO [LIMIT]"));
  EXPECT_THAT(client->say("d LIST \"\" (Sent " + pattern(101) + ")"), StartsWith("d NO [LIMIT]"));
  EXPECT_THAT(client->say("e LIST \"\" " + std::string(500, '*')), HasSubstr("e OK"));
}

TEST(List, SharesItsLane) {
  SessionWorld world;
  const auto client = world.sign_in();
  const int runs = client->runs();
  client->say("a LIST \"\" \"*\"");
  EXPECT_EQ(client->runs(), runs + 1);
  world.clock.drift = std::chrono::milliseconds(6);
  const std::string answer = client->say("b LIST \"\" \"*\"");
  EXPECT_EQ(count(answer, "* LIST"), 6);
  EXPECT_GE(client->runs(), runs + 1 + 6);
  EXPECT_EQ(count(client->say("c LSUB \"\" \"%\""), "* LSUB"), 6);
}

TEST(List, BoundsSubscriptionsWithoutMailbox) {
  SessionWorld world;
  auto account = world.store().account("alice@example.test");
  ASSERT_TRUE(account);
  for (int n = 0; n < 1000; ++n) {
    ASSERT_TRUE((*account)->subscribe("Lost " + std::to_string(n)));
  }
  const auto client = world.sign_in();
  EXPECT_THAT(client->say("a SUBSCRIBE \"Lost more\""), StartsWith("a NO [LIMIT]"));
  EXPECT_THAT(client->say("b SUBSCRIBE \"Lost 7\""), StartsWith("b OK"));
  std::string deep = "x";
  for (int n = 0; n < 32; ++n) deep += "/x";
  client->say("b2 UNSUBSCRIBE \"Lost 8\"");
  EXPECT_THAT(client->say("b3 SUBSCRIBE " + deep), StartsWith("b3 NO [LIMIT]"));
  EXPECT_THAT(client->say("b4 SUBSCRIBE \"Lost 8\""), StartsWith("b4 OK"));
  EXPECT_THAT(client->say("c UNSUBSCRIBE Junk"), StartsWith("c OK"));
  EXPECT_THAT(client->say("d SUBSCRIBE Junk"), StartsWith("d OK"));
  EXPECT_THAT(client->say("e UNSUBSCRIBE \"Lost 7\""), StartsWith("e OK"));
  EXPECT_THAT(client->say("f SUBSCRIBE \"Lost more\""), StartsWith("f OK"));
}

TEST(Names, AreToldAsTheyAreWrittenHere) {
  SessionWorld world;
  const auto client = world.sign_in();
  client->say("a ENABLE IMAP4rev2");
  EXPECT_THAT(
      client->say("b SELECT inbox"),
      HasSubstr("* LIST (\\Subscribed \\HasNoChildren) \"/\" INBOX (\"OLDNAME\" (inbox))\r\n"));
  EXPECT_THAT(client->say("c EXAMINE INBOX"),
              HasSubstr("* LIST (\\Subscribed \\HasNoChildren) \"/\" INBOX\r\n"));
  EXPECT_THAT(client->say("d SELECT Sent"),
              HasSubstr("* LIST (\\Subscribed \\HasNoChildren \\Sent) \"/\" Sent\r\n"));
  // An A and a combining diaeresis are one letter here.
  EXPECT_THAT(
      client->say("e CREATE \"A\u0308\""),
      StartsWith(
          "* LIST (\\Subscribed \\HasNoChildren) \"/\" \"\u00c4\" (\"OLDNAME\" (\"A\u0308\"))\r\n"
          "e OK ["));
  EXPECT_THAT(client->say("f CREATE Plain/"), StartsWith("f OK ["));
  EXPECT_EQ(client->say("g RENAME \"A\u0308\" B"),
            "* LIST (\\Subscribed \\HasNoChildren) \"/\" B (\"OLDNAME\" (\"A\u0308\"))\r\n"
            "g OK Renamed\r\n");
  EXPECT_EQ(client->say("h RENAME B C"), "h OK Renamed\r\n");
  client->say("i CREATE \"inbox/O\u0308\"");
  EXPECT_THAT(
      client->send("j APPEND inbox {3+}\r\nx\r\n\r\n"),
      HasSubstr("* LIST (\\Subscribed \\HasChildren) \"/\" INBOX (\"OLDNAME\" (inbox))\r\n"));
  client->say("k UNSUBSCRIBE \"inbox/O\u0308\"");
  EXPECT_EQ(client->say("l DELETE \"inbox/O\u0308\""),
            "* LIST (\\NonExistent \\HasNoChildren) \"/\" \"INBOX/\u00d6\""
            " (\"OLDNAME\" (\"inbox/O\u0308\"))\r\nl OK Deleted\r\n");
}

TEST(Names, AreNotToldToClientsOfImap4rev1) {
  SessionWorld world;
  const auto client = world.sign_in();
  EXPECT_THAT(client->say("a SELECT inbox"), Not(HasSubstr("LIST")));
}

}  // namespace
}  // namespace waxwing::imap
