#include "auth/spf_record.h"

#include <gtest/gtest.h>

#include "base/ip.h"

namespace waxwing::spf {
namespace {

TEST(SpfRecord, RefusesWhatIsNotInTheGrammar) {
  for (const std::string term : {"al",
                                 "all:x.test",
                                 "all/8",
                                 "-",
                                 "+",
                                 "--all",
                                 "a:",
                                 "a:test",
                                 "a:test.",
                                 "a:x.9",
                                 "a:192.0.2.1",
                                 "a/33",
                                 "a/08",
                                 "a/",
                                 "a//129",
                                 "a//",
                                 "a/8/8",
                                 "a:/8",
                                 "a:x.test:80",
                                 "a:x.test/abc",
                                 "a:x.-test",
                                 "mx:%",
                                 "mx:%{",
                                 "mx:%{}",
                                 "mx:%{q}.test",
                                 "mx:%{d0}",
                                 "mx:%{d00r}",
                                 "mx:%{dr4}",
                                 "mx:%{d-x}",
                                 "mx:%{c}",
                                 "mx:%{r}.test",
                                 "mx:%{t}",
                                 "mx:%(d)",
                                 "ptr/24",
                                 "ptr:",
                                 "include",
                                 "include:",
                                 "include/8",
                                 "exists",
                                 "exists:",
                                 "exists:x.test/8",
                                 "ip4",
                                 "ip4:",
                                 "ip4:192.0.2",
                                 "ip4:192.0.2.1.2",
                                 "ip4:192.0.2.256",
                                 "ip4:192.0.2.01",
                                 "ip4:192.0.2.1/33",
                                 "ip4:192.0.2.1/",
                                 "ip4:192.0.2.1/08",
                                 "ip4:192.0.2.1//24",
                                 "ip4:2001:db8::1",
                                 "ip6",
                                 "ip6:",
                                 "ip6:192.0.2.1",
                                 "ip6:2001:db8::g",
                                 "ip6:2001:db8::/129",
                                 "ip6:2001:db8:::1",
                                 "ip6:[2001:db8::1]",
                                 "redirect=",
                                 "redirect=test",
                                 "redirect=x.test redirect=y.test",
                                 "exp=",
                                 "exp=x.test exp=x.test",
                                 "redirect:x.test",
                                 "-redirect=x.test",
                                 "-exists:%(ir).sbl.example.org",
                                 "9=x",
                                 "=x",
                                 "a_b=%",
                                 "x=%{z}",
                                 "a:x.test\x80",
                                 "ip4.x",
                                 "unknown",
                                 "unknown:x"})
    EXPECT_FALSE(parse_record("v=spf1 " + term).has_value()) << term;
}

TEST(SpfRecord, ReadsWhatIs) {
  for (const std::string term : {"all",
                                 "+all",
                                 "?ALL",
                                 "a",
                                 "a/0",
                                 "a/32",
                                 "a//0",
                                 "a/24//64",
                                 "a:x.test",
                                 "a:x.test.",
                                 "a:x.test/24",
                                 "a:x.test//64",
                                 "A:x.test/24//64",
                                 "a:foo:bar/baz.test",
                                 "a:x.te-st",
                                 "a:x.1a",
                                 "a:%{d}",
                                 "a:x%%.test",
                                 "a:x.%%",
                                 "a:x/8.%{d}/8",
                                 "mx:%{D2R-+}",
                                 "mx:%{i4r.-+,/_=}.x.test",
                                 "mx:%{d999999999999999999999}",
                                 "ptr",
                                 "ptr:x.test",
                                 "include:_x.test",
                                 "exists:%{ir}.sbl.example.org",
                                 "ip4:0.0.0.0/0",
                                 "ip4:255.255.255.255/32",
                                 "ip6:::/0",
                                 "ip6:::ffff:192.0.2.1/128",
                                 "ip6:2001:db8::1",
                                 "redirect=x.test",
                                 "exp=%{d}",
                                 "moo=",
                                 "moo=:/=%%%_%-",
                                 "m-o_o.9=%{c}%{r}%{t}",
                                 "ip4=nonsense"})
    EXPECT_TRUE(parse_record("v=spf1 " + term).has_value()) << term;
}

TEST(SpfRecord, ReadsPrefixes) {
  const auto record = parse_record("v=spf1 a:x.test/8//16 mx//17 a/9");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->directives[0].prefix4, 8u);
  EXPECT_EQ(record->directives[0].prefix6, 16u);
  EXPECT_EQ(record->directives[1].prefix4, 32u);
  EXPECT_EQ(record->directives[1].prefix6, 17u);
  EXPECT_EQ(record->directives[2].prefix4, 9u);
}

TEST(SpfRecord, WhatStandsBehindAllMustBeGoodAndIsIgnored) {
  EXPECT_FALSE(parse_record("v=spf1 -all nonsense").has_value());
  const auto record = parse_record("v=spf1 -all +a mx");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->directives.size(), 1u);
}

TEST(SpfRecord, ComparesTheFirstBits) {
  const auto bytes = [](const char* text) { return std::string(IpAddress::parse(text)->bytes()); };
  EXPECT_TRUE(is_in_network(bytes("192.0.2.1"), bytes("10.0.0.0"), 0));
  EXPECT_TRUE(is_in_network(bytes("192.0.2.1"), bytes("192.0.2.0"), 31));
  EXPECT_FALSE(is_in_network(bytes("192.0.2.1"), bytes("192.0.2.0"), 32));
  EXPECT_TRUE(is_in_network(bytes("192.0.3.1"), bytes("192.0.2.0"), 23));
  EXPECT_FALSE(is_in_network(bytes("192.0.3.1"), bytes("192.0.2.0"), 24));
  EXPECT_FALSE(is_in_network(bytes("192.0.2.1"), bytes("::"), 0));
}

// The examples of RFC 7208 section 7.4.
struct Expansion {
  std::string macro, expanded;
};
std::string expand(const std::string& text, const std::string& dotted, const std::string& version) {
  const auto parsed = MacroString::parse(text, MacroString::Grammar::Modifier);
  if (!parsed) return "(refused)";
  return parsed->expand_name([&](char letter) -> std::string {
    switch (letter) {
      case 's': return "strong-bad@email.example.com";
      case 'l': return "strong-bad";
      case 'i': return dotted;
      case 'v': return version;
      default: return "email.example.com";
    }
  });
}

TEST(SpfMacro, ExpandsTheExamples) {
  const std::vector<Expansion> rows = {
      {"%{s}", "strong-bad@email.example.com"},
      {"%{o}", "email.example.com"},
      {"%{d}", "email.example.com"},
      {"%{d4}", "email.example.com"},
      {"%{d3}", "email.example.com"},
      {"%{d2}", "example.com"},
      {"%{d1}", "com"},
      {"%{dr}", "com.example.email"},
      {"%{d2r}", "example.email"},
      {"%{l}", "strong-bad"},
      {"%{l-}", "strong.bad"},
      {"%{lr}", "strong-bad"},
      {"%{lr-}", "bad.strong"},
      {"%{l1r-}", "strong"},
      {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
      {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
      {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
      {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
      {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
      {"%{S}", "strong-bad%40email.example.com"},
      {"%{L1R-}%{Dr}", "strongcom.example.email"}};
  for (const auto& row : rows)
    EXPECT_EQ(expand(row.macro, "192.0.2.3", "in-addr"), row.expanded) << row.macro;
  EXPECT_EQ(expand("%{ir}.%{v}._spf.%{d2}",
                   "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1", "ip6"),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com");
}

}  // namespace
}  // namespace waxwing::spf
