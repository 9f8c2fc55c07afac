#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

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
  EXPECT_THAT(client->say("c UNSUBSCRIBE Junk"), StartsWith("c OK"));
  EXPECT_THAT(client->say("d SUBSCRIBE Junk"), StartsWith("d OK"));
  EXPECT_THAT(client->say("e UNSUBSCRIBE \"Lost 7\""), StartsWith("e OK"));
  EXPECT_THAT(client->say("f SUBSCRIBE \"Lost more\""), StartsWith("f OK"));
}

}  // namespace
}  // namespace waxwing::imap
