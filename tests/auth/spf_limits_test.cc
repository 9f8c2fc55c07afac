// What an SPF record may cost, and what strangers publish to make it cost more.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "auth/spf.h"
#include "tests/dns/fake_resolver.h"

namespace waxwing::spf {
namespace {

using test::FakeResolver;
using testing::HasSubstr;
using enum AuthResult;

Verdict check_limited(FakeResolver& dns, const std::string& address = "192.0.2.1",
                      const std::string& sender = "alice@example.com", const Limits& limits = {}) {
  return check_mail_from(dns, FakeClock(), {*IpAddress::parse(address), "helo.test"}, sender,
                         limits);
}

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(SpfLimits, TenTermsAskTheDnsAndNoMore) {
  for (const std::string term : {" a:h.test", " mx:h.test", " ptr:h.test", " include:none.test"}) {
    FakeResolver dns;
    dns.a("h.test", "203.0.113.1").mx("h.test", 1, "h.test").txt("none.test", "v=spf1 -all");
    dns.ptr("1.2.0.192.in-addr.arpa", "else.test");
    dns.txt("ten.test", "v=spf1" + repeat(term, 10) + " ~all");
    dns.txt("eleven.test", "v=spf1" + repeat(term, 11) + " ~all");
    EXPECT_EQ(check_limited(dns, "192.0.2.1", "a@ten.test").result, SoftFail) << term;
    EXPECT_EQ(check_limited(dns, "192.0.2.1", "a@eleven.test").result, PermError) << term;
  }
}

TEST(SpfLimits, WhatMatchesBeforeTheLimitCounts) {
  FakeResolver dns;
  dns.a("h.test", "203.0.113.1");
  dns.txt("example.com", "v=spf1" + repeat(" a:h.test", 10) + " ip4:192.0.2.1 a:h.test -all");
  EXPECT_EQ(check_limited(dns).result, Pass);
  EXPECT_EQ(check_limited(dns, "192.0.2.2").result, PermError);
}

TEST(SpfLimits, IncludesAndRedirectsShareTheLimit) {
  FakeResolver dns;
  dns.a("h.test", "203.0.113.1");
  dns.txt("five.test", "v=spf1" + repeat(" a:h.test", 4) + " -all");
  dns.txt("example.com", "v=spf1 include:five.test include:five.test ~all");
  EXPECT_EQ(check_limited(dns).result, SoftFail);
  FakeResolver more;
  more.a("h.test", "203.0.113.1");
  more.txt("five.test", "v=spf1" + repeat(" a:h.test", 4) + " -all");
  more.txt("example.com", "v=spf1 include:five.test include:five.test redirect=five.test");
  const auto verdict = check_limited(more);
  EXPECT_EQ(verdict.result, PermError);
  EXPECT_THAT(verdict.reason, HasSubstr("more than 10 terms ask the DNS"));
}

TEST(SpfLimits, LoopsEnd) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 include:example.com -all");
  EXPECT_EQ(check_limited(dns).result, PermError);
  EXPECT_EQ(dns.count(), 11u);
  FakeResolver redirects;
  redirects.txt("example.com", "v=spf1 redirect=b.test")
      .txt("b.test", "v=spf1 redirect=example.com");
  EXPECT_EQ(check_limited(redirects).result, PermError);
  EXPECT_EQ(redirects.count(), 11u);
}

TEST(SpfLimits, DeepIncludesGoTenDown) {
  for (const int depth : {10, 11}) {
    FakeResolver dns;
    dns.txt("example.com", "v=spf1 include:d1.test -all");
    for (int i = 1; i < depth; ++i)
      dns.txt("d" + std::to_string(i) + ".test",
              "v=spf1 include:d" + std::to_string(i + 1) + ".test -all");
    dns.txt("d" + std::to_string(depth) + ".test", "v=spf1 +all");
    EXPECT_EQ(check_limited(dns).result, depth == 10 ? Pass : PermError);
  }
}

TEST(SpfLimits, TwoTermsMayFindNothing) {
  FakeResolver dns;
  dns.txt("two.test", "v=spf1 a:a.no.test exists:b.no.test -all");
  dns.txt("three.test", "v=spf1 a:a.no.test exists:b.no.test mx:c.no.test -all");
  dns.txt("ptr.test", "v=spf1 ptr a:a.no.test a:b.no.test -all");
  EXPECT_EQ(check_limited(dns, "192.0.2.1", "a@two.test").result, Fail);
  const auto verdict = check_limited(dns, "192.0.2.1", "a@three.test");
  EXPECT_EQ(verdict.result, PermError);
  EXPECT_THAT(verdict.reason, HasSubstr("what is not there"));
  EXPECT_EQ(check_limited(dns, "192.0.2.1", "a@ptr.test").result, PermError);
}

TEST(SpfLimits, HostsOfOneMxThatLackAnAddressAreOneTerm) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 mx -all");
  for (const std::string name : {"a", "b", "c", "d"})
    dns.mx("example.com", 1, name + ".mx.test").a(name + ".mx.test", "192.0.2.1");
  EXPECT_EQ(check_limited(dns, "2001:db8::1").result, Fail);
}

TEST(SpfLimits, TenMxAndNoMore) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 mx -all");
  for (int i = 0; i < 10; ++i)
    dns.mx("example.com", i, "m" + std::to_string(i) + ".test")
        .a("m" + std::to_string(i) + ".test", "203.0.113.1");
  dns.a("m9.test", "192.0.2.1");
  EXPECT_EQ(check_limited(dns).result, Pass);
  dns.mx("example.com", 10, "m10.test");
  EXPECT_EQ(check_limited(dns).result, PermError);
}

TEST(SpfLimits, OfManyNamesTenCount) {
  for (const int good : {9, 10}) {
    FakeResolver dns;
    dns.txt("example.com", "v=spf1 ptr -all");
    for (int i = 0; i < 20; ++i)
      dns.ptr("1.2.0.192.in-addr.arpa", "h" + std::to_string(i) + ".example.com");
    dns.a("h" + std::to_string(good) + ".example.com", "192.0.2.1");
    EXPECT_EQ(check_limited(dns).result, good == 9 ? Pass : Fail);
    EXPECT_LE(dns.count(), 12u);
  }
}

TEST(SpfLimits, TroubleWithTheDnsIsTemporary) {
  const std::vector<std::pair<std::string, dns::Type>> broken = {
      {"example.com", dns::Type::Txt}, {"a.test", dns::Type::A}, {"mx.test", dns::Type::Mx},
      {"host.test", dns::Type::A},     {"e.test", dns::Type::A}, {"i.test", dns::Type::Txt},
      {"r.test", dns::Type::Txt}};
  for (const auto& [name, type] : broken) {
    FakeResolver dns;
    dns.txt("example.com",
            "v=spf1 a:a.test mx:mx.test exists:e.test include:i.test redirect=r.test");
    dns.a("a.test", "203.0.113.1").mx("mx.test", 1, "host.test").a("host.test", "203.0.113.1");
    dns.txt("i.test", "v=spf1 ?all").txt("r.test", "v=spf1 -all");
    EXPECT_EQ(check_limited(dns).result, Fail) << name;
    dns.fail(name, type, "the line is cut");
    const auto verdict = check_limited(dns);
    EXPECT_EQ(verdict.result, TempError) << name;
    EXPECT_THAT(verdict.reason, HasSubstr("the line is cut"));
  }
}

TEST(SpfLimits, TroubleWithTheNamesOfAnAddressIsNoMatch) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 ptr -all").ptr("1.2.0.192.in-addr.arpa", "h.example.com");
  dns.ptr("1.2.0.192.in-addr.arpa", "good.example.com").a("good.example.com", "192.0.2.1");
  dns.fail("h.example.com", dns::Type::A);
  EXPECT_EQ(check_limited(dns).result, Pass);
  dns.fail("1.2.0.192.in-addr.arpa", dns::Type::Ptr);
  EXPECT_EQ(check_limited(dns).result, Fail);
}

TEST(SpfLimits, EndsWhenTimeIsUp) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 a:slow.test -all");
  Limits limits;
  limits.time = std::chrono::milliseconds(50);
  dns.hold();
  const auto verdict = check_limited(dns, "192.0.2.1", "a@example.com", limits);
  EXPECT_EQ(verdict.result, TempError);
  EXPECT_THAT(verdict.reason, HasSubstr("time is up"));
  dns.release();  // an answer that comes too late harms nobody
}

// The time between two questions counts too.
class SlowResolver final : public dns::Resolver {
 public:
  SlowResolver(FakeResolver& zone, FakeClock& clock) : zone_(zone), clock_(clock) {}
  void resolve(const dns::Question& question, std::function<void(dns::Answer)> answered) override {
    clock_.advance(std::chrono::seconds(5));
    zone_.resolve(question, std::move(answered));
  }

 private:
  FakeResolver& zone_;
  FakeClock& clock_;
};

TEST(SpfLimits, TwentySecondsAreForAllQuestionsTogether) {
  FakeResolver zone;
  zone.a("h.test", "203.0.113.1");
  zone.txt("three.test", "v=spf1" + repeat(" a:h.test", 3) + " -all");
  zone.txt("four.test", "v=spf1" + repeat(" a:h.test", 4) + " -all");
  for (const std::string domain : {"three.test", "four.test"}) {
    FakeClock clock;
    SlowResolver dns(zone, clock);
    const Client client{*IpAddress::parse("192.0.2.1"), "helo.test"};
    EXPECT_EQ(check_mail_from(dns, clock, client, "a@" + domain).result,
              domain == "three.test" ? Fail : TempError);
  }
}

TEST(SpfLimits, SeveralRecordsAreAnErrorAndOtherTextsAreNot) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 +all").txt("example.com", "v=SPF1 +all");
  EXPECT_EQ(check_limited(dns).result, PermError);
  FakeResolver other;
  other.txt("example.com", "v=spf1 +all")
      .txt("example.com", "v=spf1x +all")
      .txt("example.com", "\xFF\xFE");
  other.record("example.com", dns::Type::Txt, "\x20short");
  EXPECT_EQ(check_limited(other).result, Pass);
}

TEST(SpfLimits, HugeRecordsAreReadAndTheirTermsCounted) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1" + repeat(" ip4:203.0.113.1", 3900) + " -all");
  EXPECT_EQ(check_limited(dns).result, Fail);
  FakeResolver macros;
  macros.txt("example.com", "v=spf1 exists:" + repeat("%{s}", 10000) + ".test -all exp=why.test");
  macros.txt("why.test", repeat("%{s}%{s} ", 7000));
  const auto verdict = check_limited(macros, "192.0.2.1", std::string(60, 'x') + "@example.com");
  EXPECT_EQ(verdict.result, Fail);
  EXPECT_EQ(verdict.explanation.size(), 500u);
}

TEST(SpfLimits, NonAsciiInARecordIsAnError) {
  for (const std::string record :
       {"v=spf1 a:b\xC3\xBC"
        "cher.test -all",
        "v=spf1 -all\xFF", "v=spf1 x=\x01 -all", "v=spf1 a\t-all", "v=spf1 -all\n"}) {
    FakeResolver dns;
    dns.txt("example.com", record);
    const auto verdict = check_limited(dns);
    EXPECT_EQ(verdict.result, PermError) << record;
    for (const char c : verdict.reason) EXPECT_TRUE(c >= ' ' && c < 127) << verdict.reason;
  }
}

TEST(SpfLimits, NamesThatMacrosSpoilDoNotMatch) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 exists:%{l}.list.test a:%{l}.list.test -all");
  dns.txt("inc.test", "v=spf1 include:%{l}.list.test -all");
  const std::string long_label(64, 'x');
  for (const std::string local :
       {"a..b", "back\\slash", "sp ace", "\xC3\xA9", long_label.c_str()}) {
    EXPECT_EQ(check_limited(dns, "192.0.2.1", local + "@example.com").result, Fail) << local;
    EXPECT_EQ(check_limited(dns, "192.0.2.1", local + "@inc.test").result, PermError) << local;
  }
  EXPECT_EQ(dns.count(), 10u);  // only the records themselves
}

TEST(SpfLimits, LongNamesLoseLabelsOnTheLeft) {
  FakeResolver dns;
  const std::string label(60, 'y');
  const std::string end = label + "." + label + "." + label + ".list.test";
  dns.txt("example.com", "v=spf1 exists:%{l}." + label + "." + end + " -all");
  dns.a(label + "." + end, "127.0.0.2");
  EXPECT_EQ(check_limited(dns, "192.0.2.1", std::string(40, 'x') + "@example.com").result, Pass);
}

}  // namespace
}  // namespace waxwing::spf
