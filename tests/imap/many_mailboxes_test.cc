// Ten thousand mailboxes, deep names, and names in any alphabet.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ManyMailboxes, AreListedRenamedAndHaveAnEnd) {
  SessionWorld world;
  const auto account = world.store().account("alice@example.test");
  const auto mailboxes = (*account)->mailboxes();
  // INBOX and five others are there, and so is the level above.
  for (int n = 0; n < 10'000 - 7; ++n) {
    ASSERT_TRUE((*account)->create("All/" + std::to_string(n))) << n;
  }
  const auto client = world.sign_in();
  EXPECT_THAT(client->say("a CREATE One/Too/Many"), StartsWith("a NO [LIMIT] "));
  const std::string all = client->say("b LIST \"\" *");
  EXPECT_EQ(count(all, "* LIST ("), 10'000);
  EXPECT_THAT(all, EndsWith("b OK That is all\r\n"));
  EXPECT_EQ(count(client->say("c LIST \"\" %"), "* LIST ("), 7);
  EXPECT_EQ(count(client->say("d LIST \"\" (All/99% Sent) RETURN (SUBSCRIBED STATUS (MESSAGES))"),
                  "* STATUS "),
            105);
  EXPECT_THAT(client->say("e RENAME All Every"), StartsWith("e OK"));
  EXPECT_THAT(client->say("f STATUS Every/9992 (MESSAGES)"), StartsWith("* STATUS Every/9992 "));
  EXPECT_THAT(client->say("g SELECT Every/0"), EndsWith("g OK [READ-WRITE] Opened\r\n"));
  EXPECT_THAT(client->say("h NOTIFY SET (PERSONAL (MessageNew MessageExpunge))"),
              StartsWith("h NO [NOTIFICATIONOVERFLOW] "));
}

TEST(ManyMailboxes, NamesAreAsDeepAsTheyAreLong) {
  SessionWorld world;
  const auto client = world.sign_in();
  std::string deep = "Lists/Deep";
  while (deep.size() < 999) deep += "/1";
  EXPECT_THAT(client->say("a CREATE " + deep), HasSubstr("a OK"));
  EXPECT_THAT(client->say("b CREATE " + deep + "/2"), StartsWith("b NO [LIMIT] "));
  EXPECT_THAT(client->send("c APPEND " + deep + " {5+}\r\nhello\r\n"), HasSubstr("c OK"));
  const std::string all = client->say("d LIST \"\" Lists*");
  EXPECT_EQ(count(all, "* LIST (\\HasChildren)"), 496);
  EXPECT_EQ(count(all, "* LIST (\\HasNoChildren) \"/\" " + deep + "\r\n"), 1);
  EXPECT_EQ(count(client->say("e LIST \"\" Lists/Deep/%"), "* LIST"), 1);
  EXPECT_THAT(client->say("f RENAME Lists/Deep Lists/D"), HasSubstr("f OK"));
  deep.replace(0, 10, "Lists/D");
  EXPECT_THAT(client->say("g STATUS " + deep + " (MESSAGES)"), HasSubstr("(MESSAGES 1)"));
  EXPECT_THAT(client->say("h RENAME Lists/D Lists/Deepest"), StartsWith("h NO [LIMIT] "));
  EXPECT_THAT(client->say("i DELETE Lists/D/1/1/1"), HasSubstr("i OK"));
  // A level above others stays one.
  EXPECT_EQ(client->say("j LIST \"\" Lists/D/1/1/1"),
            "* LIST (\\Noselect \\HasChildren) \"/\" Lists/D/1/1/1\r\nj OK That is all\r\n");
}

TEST(ManyMailboxes, NamesOfAnyDepthCaseAndAlphabetStayApart) {
  SessionWorld world;
  const auto client = world.sign_in();
  client->say("a ENABLE IMAP4rev2");
  const std::vector<std::string> names = {"work",          "Work",     "WORK",   "Größe",
                                          "日本語/メール", "Ελληνικά", "السلام", "🐦",
                                          "a.b",           "a&b",      "~user",  "."};
  for (const auto& name : names) {
    EXPECT_THAT(client->say("d CREATE \"" + name + "\""), HasSubstr("d OK")) << name;
    EXPECT_THAT(client->send("e APPEND \"" + name + "\" {5+}\r\nhello\r\n"), HasSubstr("e OK"))
        << name;
  }
  ASSERT_TRUE(world.store().rebuild("alice@example.test"));
  for (const auto& name : names) {
    EXPECT_THAT(client->say("f STATUS \"" + name + "\" (MESSAGES)"), HasSubstr("(MESSAGES 1)"))
        << name;
  }
  EXPECT_THAT(client->say("g RENAME Work Play"), HasSubstr("g OK"));
  EXPECT_THAT(client->say("h STATUS work (MESSAGES)"), HasSubstr("(MESSAGES 1)"));
  EXPECT_THAT(client->say("i STATUS Work (MESSAGES)"), StartsWith("i NO [NONEXISTENT]"));
}

}  // namespace
}  // namespace waxwing::imap
