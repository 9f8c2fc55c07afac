#include "protocols/imap/message_ids.h"

#include <gtest/gtest.h>

namespace waxwing::imap {
namespace {

std::string all(std::string_view value) {
  std::string text;
  for (MessageIds ids(value); auto id = ids.next();) text += "<" + *id + ">";
  return text;
}

TEST(MessageIds, AreReadOneByOne) {
  EXPECT_EQ(all("<a@b> <c@d>\r\n\t<e@f>"), "<a@b><c@d><e@f>");
  EXPECT_EQ(all("<a@b><c@d>,<e@f>"), "<a@b><c@d><e@f>");
  EXPECT_EQ(all(""), "");
}

TEST(MessageIds, MeanTheSameWithAndWithoutQuotes) {
  EXPECT_EQ(all("<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>"), "<01KF8JCEOCBS0045PS@xxx.yyy.com>");
  EXPECT_EQ(all("<\"a \\\"b\".c@d>"), "<a \"b.c@d>");
  EXPECT_EQ(all("<a\r\n b@c>"), "<ab@c>");
  EXPECT_EQ(all("<a@[1.2.3.4]>"), "<a@[1.2.3.4]>");
  EXPECT_EQ(all("<A@b>"), "<A@b>");
}

TEST(MessageIds, PassOverEverythingElse) {
  EXPECT_EQ(all("Your message of \"Mon <x@y>\" (was <v@w>) <a@b> Ann <ann>"), "<a@b>");
  EXPECT_EQ(all("<ab> <@b> <a@> <> <a@b <c@d> <e@f"), "<c@d>");
  EXPECT_EQ(all("a@b"), "");
  EXPECT_EQ(all("<1@host.(none)> <a@b@c>"), "<1@host.(none)><a@b@c>");
}

TEST(MessageIds, AreReadInTimeThatGrowsWithTheText) {
  EXPECT_EQ(all(std::string(200'000, '<')), "");
  EXPECT_EQ(all(std::string(200'000, '"')), "");
  EXPECT_EQ(all(std::string(200'000, '(')), "");
}

}  // namespace
}  // namespace waxwing::imap
