#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Text, CaseIsAsciiOnly) {
  EXPECT_EQ(to_lower("INBOX \xC3\x84"), "inbox \xC3\x84");
  EXPECT_EQ(to_upper("uid \xC3\xA4"), "UID \xC3\xA4");
  EXPECT_TRUE(equals_ignoring_case("StartTls", "STARTTLS"));
  EXPECT_FALSE(equals_ignoring_case("STARTTLS", "STARTTL"));
  EXPECT_TRUE(starts_with_ignoring_case("mail FROM:<>", "MAIL FROM:"));
  EXPECT_FALSE(starts_with_ignoring_case("MAIL", "MAIL FROM:"));
}

TEST(Text, TrimTakesLineEndsToo) {
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim(" \r\n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, SplitKeepsEmptyPieces) {
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split(",", ','), ElementsAre("", ""));
}

TEST(Text, WordsDropsEmptyPieces) {
  EXPECT_THAT(words("  a \t b  "), ElementsAre("a", "b"));
  EXPECT_THAT(words(" \t "), IsEmpty());
}

TEST(Text, JoinPutsSeparatorsBetween) {
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({"a"}, ", "), "a");
  EXPECT_EQ(join({"a", "", "c"}, ","), "a,,c");
}

TEST(Text, NumbersAreWholeAndBounded) {
  EXPECT_EQ(parse_number("0"), 0u);
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_number("18446744073709551616"), std::nullopt);
  EXPECT_EQ(parse_number("4294967295", UINT32_MAX), 4294967295u);
  EXPECT_EQ(parse_number("4294967296", UINT32_MAX), std::nullopt);
  for (const char* wrong : {"", "-1", "+1", " 1", "1 ", "1a", "0x1"}) {
    EXPECT_EQ(parse_number(wrong), std::nullopt) << wrong;
  }
}

TEST(Text, Utf8IsStrict) {
  for (const char* good : {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x90\xA6",
                           "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xE2\x82",
                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xC3(", "a\xFF"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Text, PrintableIsOneBoundedLine) {
  EXPECT_EQ(printable("a\r\nb"), "a\\x0d\\x0ab");
  EXPECT_EQ(printable("\xC3\xA4"), "\\xc3\\xa4");
  EXPECT_EQ(printable("abcdef", 3), "abc");
  EXPECT_EQ(printable("ab\n", 5), "ab") << "an escape is never cut in two";
}

}  // namespace
}  // namespace waxwing
