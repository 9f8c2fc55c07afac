#include "protocols/mail/address.h"

#include <gtest/gtest.h>

namespace waxwing::mail {
namespace {

std::string canonical_of(std::string_view text) {
  const auto address = parse_address(text);
  return address ? canonical(*address).value_or("not canonical") : "no address";
}

TEST(Address, ReadsWhatRfc5321Allows) {
  for (const std::string_view text :
       {"alice@example.test", "a.b+tag@example.test", "!#$%&'*+-/=?^_`{|}~@x.y", "\"a b\"@x.y",
        "\"a\\\"b\"@x.y", "\"@\"@x.y", "\"\"@x.y", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]",
        "a@localhost",
        "gr\xc3\xbc\xc3\x9f@b\xc3\xbc"
        "cher.example",
        "a@xn--bcher-kva.example"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

TEST(Address, RefusesAllElse) {
  for (const std::string_view text :
       {"",           "alice",       "@example.test", "alice@",          ".a@x.y",
        "a.@x.y",     "a..b@x.y",    "a b@x.y",       "a@x..y",          "a@.x",
        "a@x.",       "a@-x.y",      "a@x-.y",        "a@b@c",           "\"a@x.y",
        "\"a\"b@x.y", "\"a\\\"@x.y", "a@[1.2.3]",     "a@[2001:db8::1]", "a@[IPv6:192.0.2.1]",
        "a@[]",       "<a@x.y>",     "a@x.y ",        "a@x y",           "a(c)@x.y",
        "\xff@x.y",   "a@\xff.y",    "a\r\n@x.y",     "\"a\r\n\"@x.y",   "a@x\ny"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
  EXPECT_FALSE(parse_address(std::string("a\0b@x.y", 7)));
  EXPECT_FALSE(parse_address(std::string(300, 'a') + "@x.y"));
  EXPECT_FALSE(parse_address("a@" + std::string(64, 'x') + ".y"));
}

TEST(Address, HasOneCanonicalForm) {
  EXPECT_EQ(canonical_of("Alice@Example.TEST"), "alice@example.test");
  EXPECT_EQ(canonical_of("a@B\xc3\x9c"
                         "cher.example"),
            "a@xn--bcher-kva.example");
  EXPECT_EQ(canonical_of("a@XN--BCHER-KVA.example"), "a@xn--bcher-kva.example");
  // "u" with a combining diaeresis is the composed letter.
  EXPECT_EQ(canonical_of("Gru\xcc\x88n@x.y"), "gr\xc3\xbcn@x.y");
  EXPECT_EQ(canonical_of("\"alice\"@x.y"), "alice@x.y");
  EXPECT_EQ(canonical_of("\"A B\"@x.y"), "\"a b\"@x.y");
  EXPECT_EQ(canonical_of("a@[IPv6:2001:DB8:0::1]"), "a@[IPv6:2001:db8::1]");
  EXPECT_EQ(canonical_domain("exa mple"), std::nullopt);
  EXPECT_EQ(canonical_domain("xn--\xff"), std::nullopt);
}

TEST(Address, QuotesOnlyWhereItMust) {
  EXPECT_EQ((Address{"a.b", "x.y"}.to_string()), "a.b@x.y");
  EXPECT_EQ((Address{"a b\"\\", "x.y"}.to_string()), "\"a b\\\"\\\\\"@x.y");
  EXPECT_EQ((Address{"", "x.y"}.to_string()), "\"\"@x.y");
}

}  // namespace
}  // namespace waxwing::mail
