#include "protocols/mail/address_list.h"

#include <gtest/gtest.h>

#include <ostream>

namespace waxwing::mail {

void PrintTo(const EnvelopeAddress& address, std::ostream* out) {
  *out << address.name << '|' << address.mailbox << '|' << address.host;
}

namespace {

using List = std::vector<EnvelopeAddress>;

TEST(AddressList, ReadsPlainAddresses) {
  EXPECT_EQ(parse_address_list("a@x.y, Bob Roe <b@x.y>,\r\n \"Roe, Carol\" <c@x.y>"),
            (List{{"", "a", "x.y"}, {"Bob Roe", "b", "x.y"}, {"Roe, Carol", "c", "x.y"}}));
  EXPECT_EQ(parse_address_list("=?utf-8?q?J=C3=B6rg?= <j@x.y>"),
            (List{{"=?utf-8?q?J=C3=B6rg?=", "j", "x.y"}}));
  EXPECT_EQ(parse_address_list("\"a b\"@x.y, c@[192.0.2.1]"),
            (List{{"", "a b", "x.y"}, {"", "c", "[192.0.2.1]"}}));
  EXPECT_EQ(parse_address_list(""), List{});
}

TEST(AddressList, ReadsGroups) {
  EXPECT_EQ(parse_address_list("Friends: a@x.y, B <b@x.y>; c@x.y"), (List{{"", "Friends", ""},
                                                                          {"", "a", "x.y"},
                                                                          {"B", "b", "x.y"},
                                                                          {"", "", ""},
                                                                          {"", "c", "x.y"}}));
  EXPECT_EQ(parse_address_list("undisclosed-recipients:;"),
            (List{{"", "undisclosed-recipients", ""}, {"", "", ""}}));
  EXPECT_EQ(parse_address_list("open: a@x.y"),
            (List{{"", "open", ""}, {"", "a", "x.y"}, {"", "", ""}}));
}

TEST(AddressList, ReadsObsoleteSyntax) {
  EXPECT_EQ(parse_address_list("a@x.y (Alice (the first))"),
            (List{{"Alice (the first)", "a", "x.y"}}));
  EXPECT_EQ(parse_address_list("<@one,@two:a@x.y>"), (List{{"", "a", "x.y"}}));
  EXPECT_EQ(parse_address_list("john . doe @ x . y"), (List{{"", "john.doe", "x.y"}}));
  EXPECT_EQ(parse_address_list("J. (c) Doe <j@x.y>,,"), (List{{"J. Doe", "j", "x.y"}}));
}

TEST(AddressList, MakesTheBestOfBrokenInput) {
  EXPECT_EQ(parse_address_list("me@x.y <me@x.y>"), (List{{"me@x.y", "me", "x.y"}}));
  EXPECT_EQ(parse_address_list("root"), (List{{"", "root", "missing.invalid"}}));
  EXPECT_EQ(parse_address_list("John Doe"), (List{{"John Doe", "missing", "missing.invalid"}}));
  EXPECT_EQ(parse_address_list("Nobody <>"), (List{{"Nobody", "missing", "missing.invalid"}}));
  EXPECT_EQ(parse_address_list("<a@x.y"), (List{{"", "a", "x.y"}}));
  EXPECT_EQ(parse_address_list("\"unfinished <a@x.y>"),
            (List{{"", "unfinished <a@x.y>", "missing.invalid"}}));
  EXPECT_EQ(parse_address_list("Jo Doe jo@x.y"), (List{{"Jo Doe", "jo", "x.y"}}));
  EXPECT_EQ(parse_address_list(">>@@<<a@x.y>>, b@x.y").back(), (EnvelopeAddress{"", "b", "x.y"}));
}

TEST(AddressList, CleanOnesHoldNothingThatAnotherReaderCouldTakeForAnAddress) {
  for (const char* clean :
       {"a@x.y", "Alice (the first) <a@x.y> (hello)", "\"b@z\" <a@x.y>", "a@x.y <a@X.y>",
        "=?utf-8?q?=C3=84rger?= <a@x.y>, b@x.y", "Sales: a@x.y, b@x.y;", "a@[192.0.2.1]"}) {
    EXPECT_TRUE(parse_clean_address_list(clean)) << clean;
  }
  for (const char* unclean :
       {"a@x.y b <c@z>", "<a@x.y> <c@z>", "a@x.y \"q\" <c@z>", "<@b <c@z :a@x.y>", "c@z <a@x.y>",
        "a@x.y (never closed <c@z>", "<a@x.y", "<c@z a@x.y>", "\"never closed", "a: b: c@z;"}) {
    EXPECT_FALSE(parse_clean_address_list(unclean)) << unclean;
  }
  std::string many;
  for (std::size_t i = 0; i < kMaxAddresses; ++i) many += "a@x.y,";
  EXPECT_FALSE(parse_clean_address_list(many + "c@z"));
}

TEST(AddressList, TakesTimeThatFollowsTheLength) {
  for (const std::string piece :
       {"<@,", "a,", ". ", "(", "<", "\"", "a@", "g:", "a b ", "[", "\\"}) {
    std::string hostile;
    while (hostile.size() < 256 * 1024) hostile += piece;
    EXPECT_LE(parse_address_list(hostile).size(), kMaxAddresses + 1);
  }
}

}  // namespace
}  // namespace waxwing::mail
