// check_host() by the examples of RFC 7208: sections 5 to 8 and the appendices.

#include "auth/spf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dns/fake_resolver.h"

namespace waxwing::spf {
namespace {

using test::FakeResolver;
using testing::HasSubstr;
using enum AuthResult;

Client client(const std::string& address, const std::string& helo = "mail.client.test") {
  return {*IpAddress::parse(address), helo, "mx.receiver.test"};
}

Verdict check_from(FakeResolver& dns, const std::string& address,
                   const std::string& sender = "alice@example.com") {
  return check_mail_from(dns, FakeClock(), client(address), sender);
}

// The zone of appendix A.
void add_zone(FakeResolver& dns) {
  dns.mx("example.com", 10, "mail-a.example.com").mx("example.com", 20, "mail-b.example.com");
  dns.a("example.com", "192.0.2.10").a("example.com", "192.0.2.11");
  dns.a("amy.example.com", "192.0.2.65").a("bob.example.com", "192.0.2.66");
  dns.a("mail-a.example.com", "192.0.2.129").a("mail-b.example.com", "192.0.2.130");
  dns.cname("www.example.com", "example.com");
  dns.mx("example.org", 10, "mail-c.example.org").a("mail-c.example.org", "192.0.2.140");
  const std::vector<std::pair<std::string, std::string>> names = {
      {"10.2.0.192", "example.com"},         {"11.2.0.192", "example.com"},
      {"65.2.0.192", "amy.example.com"},     {"66.2.0.192", "bob.example.com"},
      {"129.2.0.192", "mail-a.example.com"}, {"130.2.0.192", "mail-b.example.com"},
      {"140.2.0.192", "mail-c.example.org"}, {"4.0.0.10", "bob.example.com"}};
  for (const auto& [reversed, name] : names) dns.ptr(reversed + ".in-addr.arpa", name);
}

// The hosts of appendix A that pass with this record of example.com; all others must fail.
std::vector<std::string> who_passes(const std::string& record) {
  std::vector<std::string> passed;
  for (const std::string host : {"10.0.0.4", "192.0.2.10", "192.0.2.11", "192.0.2.65", "192.0.2.66",
                                 "192.0.2.129", "192.0.2.130", "192.0.2.131", "192.0.2.140"}) {
    FakeResolver dns;
    add_zone(dns);
    dns.txt("example.com", record);
    const auto result = check_from(dns, host).result;
    if (result == Pass) passed.push_back(host);
    EXPECT_TRUE(result == Pass || result == Fail) << record << " " << host;
  }
  return passed;
}

TEST(Spf, PassesWhoTheSimpleExamplesPass) {
  using Hosts = std::vector<std::string>;
  EXPECT_EQ(who_passes("v=spf1 +all").size(), 9u);
  EXPECT_EQ(who_passes("v=spf1 a -all"), (Hosts{"192.0.2.10", "192.0.2.11"}));
  EXPECT_EQ(who_passes("v=spf1 a:example.org -all"), Hosts{});
  EXPECT_EQ(who_passes("v=spf1 a:www.example.com -all"), (Hosts{"192.0.2.10", "192.0.2.11"}));
  EXPECT_EQ(who_passes("v=spf1 mx -all"), (Hosts{"192.0.2.129", "192.0.2.130"}));
  EXPECT_EQ(who_passes("v=spf1 mx:example.org -all"), Hosts{"192.0.2.140"});
  EXPECT_EQ(who_passes("v=spf1 mx mx:example.org -all"),
            (Hosts{"192.0.2.129", "192.0.2.130", "192.0.2.140"}));
  EXPECT_EQ(who_passes("v=spf1 mx/30 mx:example.org/30 -all"),
            (Hosts{"192.0.2.129", "192.0.2.130", "192.0.2.131", "192.0.2.140"}));
  EXPECT_EQ(who_passes("v=spf1 ptr -all"), (Hosts{"192.0.2.10", "192.0.2.11", "192.0.2.65",
                                                  "192.0.2.66", "192.0.2.129", "192.0.2.130"}));
  EXPECT_EQ(who_passes("v=spf1 ip4:192.0.2.128/28 -all"),
            (Hosts{"192.0.2.129", "192.0.2.130", "192.0.2.131", "192.0.2.140"}));
}

TEST(Spf, FollowsTheMultipleDomainExample) {
  FakeResolver dns;
  add_zone(dns);
  dns.txt("example.com", "v=spf1 mx -all").txt("example.net", "v=spf1 ip4:198.51.100.7 -all");
  dns.txt("example.org", "v=spf1 include:example.com include:example.net -all");
  for (const std::string name : {"la", "ny", "sf"})
    dns.txt(name + ".example.org", "v=spf1 redirect=example.org");
  for (const std::string domain : {"example.org", "la.example.org", "sf.example.org"}) {
    EXPECT_EQ(check_from(dns, "192.0.2.129", "a@" + domain).result, Pass) << domain;
    EXPECT_EQ(check_from(dns, "198.51.100.7", "a@" + domain).result, Pass) << domain;
    EXPECT_EQ(check_from(dns, "192.0.2.140", "a@" + domain).result, Fail) << domain;
  }
  const auto verdict = check_from(dns, "198.51.100.7", "a@ny.example.org");
  EXPECT_EQ(verdict.domain, "ny.example.org");
  EXPECT_EQ(verdict.record_domain, "example.org");
  EXPECT_EQ(verdict.record, "v=spf1 include:example.com include:example.net -all");
  EXPECT_EQ(verdict.mechanism, "include:example.net");
  EXPECT_THAT(verdict.reason, HasSubstr("\"ip4:198.51.100.7\" of example.net"));
}

TEST(Spf, FollowsTheBlacklistStyleExample) {
  FakeResolver dns;
  add_zone(dns);
  dns.txt("example.com",
          "v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all");
  dns.txt("mobile-users._spf.example.com", "v=spf1 exists:%{l1r+}.%{d}");
  dns.txt("remote-users._spf.example.com", "v=spf1 exists:%{ir}.%{l1r+}.%{d}");
  for (const std::string name :
       {"mary.mobile-users", "fred.mobile-users", "15.15.168.192.joel.remote-users",
        "16.15.168.192.joel.remote-users"})
    dns.a(name + "._spf.example.com", "127.0.0.2");
  EXPECT_EQ(check_from(dns, "203.0.113.9", "mary@example.com").result, Pass);
  EXPECT_EQ(check_from(dns, "203.0.113.9", "fred+lists@example.com").result, Pass);
  EXPECT_EQ(check_from(dns, "192.168.15.15", "joel@example.com").result, Pass);
  EXPECT_EQ(check_from(dns, "192.168.15.17", "joel@example.com").result, Fail);
  EXPECT_EQ(check_from(dns, "203.0.113.9", "joel@example.com").result, Fail);
  EXPECT_EQ(check_from(dns, "192.0.2.130", "joel@example.com").result, Pass);
}

TEST(Spf, FollowsTheMultipleRequirementsExample) {
  FakeResolver dns;
  add_zone(dns);
  dns.txt("example.com", "v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all");
  dns.txt("ip4._spf.example.com", "v=spf1 -ip4:192.0.2.0/24 +all");
  dns.txt("ptr._spf.example.com", "v=spf1 -ptr +all");
  EXPECT_EQ(check_from(dns, "10.0.0.4").result, Fail);    // neither
  EXPECT_EQ(check_from(dns, "192.0.2.65").result, Fail);  // its name is not in ptr._spf.example.com
  dns.ptr("99.2.0.192.in-addr.arpa", "h.ptr._spf.example.com")
      .a("h.ptr._spf.example.com", "192.0.2.99");
  EXPECT_EQ(check_from(dns, "192.0.2.99").result, Pass);
}

TEST(Spf, ExplainsAsSection6And8Show) {
  const std::vector<std::pair<std::string, std::string>> explanations = {
      {"Mail from example.com should only be sent by its own servers.",
       "Mail from example.com should only be sent by its own servers."},
      {"%{i} is not one of %{d}'s designated mail servers.",
       "203.0.113.9 is not one of example.com's designated mail servers."},
      {"See http://%{d}/why.html?s=%{S}&i=%{I}",
       "See http://example.com/why.html?s=strong-bad%40example.com&i=203.0.113.9"},
      {"%{c} %{r} %{t} %{h} %{v}%_%%%-",
       "203.0.113.9 mx.receiver.test 1790000000 mail.client.test in-addr %%20"}};
  for (const auto& [text, said] : explanations) {
    FakeResolver dns;
    add_zone(dns);
    dns.txt("example.com", "v=spf1 mx -all exp=explain._spf.%{d}");
    dns.txt("explain._spf.example.com", text);
    EXPECT_EQ(check_from(dns, "203.0.113.9", "strong-bad@example.com").explanation, said);
    EXPECT_EQ(check_from(dns, "192.0.2.129", "strong-bad@example.com").explanation, "");
  }
}

TEST(Spf, HasNoExplanationWhereOneIsBroken) {
  for (const std::string text : {"%{x}", "100%", "\xC3\xA9", "tab\there", "%{l}"}) {
    FakeResolver dns;
    dns.txt("example.com", "v=spf1 -all exp=why.example.com").txt("why.example.com", text);
    const auto verdict = check_from(dns, "192.0.2.1", "caf\xC3\xA9@example.com");
    EXPECT_EQ(verdict.result, Fail);
    EXPECT_EQ(verdict.explanation, "") << text;
  }
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 -all exp=why.example.com");
  EXPECT_EQ(check_from(dns, "192.0.2.1").explanation, "");
  dns.txt("why.example.com", "one").txt("why.example.com", "two");
  EXPECT_EQ(check_from(dns, "192.0.2.1").explanation, "");
  dns.fail("why.example.com", dns::Type::Txt);
  EXPECT_EQ(check_from(dns, "192.0.2.1").result, Fail);
}

TEST(Spf, TakesTheExplanationOfARedirectAndNotOfAnInclude) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 redirect=b.test exp=a.why.test")
      .txt("b.test", "v=spf1 -all exp=b.why.test");
  dns.txt("a.why.test", "from a").txt("b.why.test", "from %{d}");
  EXPECT_EQ(check_from(dns, "192.0.2.1").explanation, "from b.test");
  FakeResolver other;
  other.txt("example.com", "v=spf1 include:b.test -all")
      .txt("b.test", "v=spf1 -all exp=b.why.test");
  other.txt("b.why.test", "from b");
  EXPECT_EQ(check_from(other, "192.0.2.1").result, Fail);
  EXPECT_EQ(check_from(other, "192.0.2.1").explanation, "");
}

// Section 5.2: what an include makes of what it finds.
TEST(Spf, IncludesByTheTable) {
  const std::vector<std::pair<std::string, AuthResult>> rows = {
      {"v=spf1 +all", Fail},     {"v=spf1 -all", SoftFail}, {"v=spf1 ~all", SoftFail},
      {"v=spf1 ?all", SoftFail}, {"v=spf1", SoftFail},      {"v=spf1 nonsense", PermError},
      {"unrelated", PermError}};
  for (const auto& [record, result] : rows) {
    FakeResolver dns;
    dns.txt("example.com", "v=spf1 -include:other.test ~all").txt("other.test", record);
    EXPECT_EQ(check_from(dns, "192.0.2.1").result, result) << record;
  }
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 -include:other.test ~all").fail("other.test", dns::Type::Txt);
  EXPECT_EQ(check_from(dns, "192.0.2.1").result, TempError);
}

TEST(Spf, IsNoneWithoutADomainOrARecord) {
  FakeResolver dns;
  dns.txt("other.test", "v=spf10 -all")
      .txt("other.test", "v=spf1\t-all")
      .txt("other.test", "hello");
  dns.txt("localhost", "v=spf1 -all");
  const std::string long_label = "a@" + std::string(64, 'x') + ".test";
  for (const std::string sender : {"a@example.com", "a@other.test", "a@localhost", "a@[192.0.2.1]",
                                   "a@a..test", "a@192.0.2.1", "a@", "nobody", long_label.c_str()})
    EXPECT_EQ(check_from(dns, "192.0.2.1", sender).result, None) << sender;
}

TEST(Spf, AsksForTheHeloNameWhenTheSenderIsEmpty) {
  FakeResolver dns;
  dns.txt("mail.client.test", "v=spf1 exists:%{l}.%{o}.%{h} -all");
  dns.a("postmaster.mail.client.test.mail.client.test", "127.0.0.2");
  EXPECT_EQ(check_from(dns, "192.0.2.1", "").result, Pass);
  const auto verdict = check_helo(dns, FakeClock(), client("192.0.2.1"));
  EXPECT_EQ(verdict.result, Pass);
  EXPECT_EQ(verdict.identity, Identity::Helo);
  EXPECT_EQ(check_helo(dns, FakeClock(), client("192.0.2.1", "[192.0.2.1]")).result, None);
  EXPECT_EQ(
      check_host(dns, FakeClock(), client("192.0.2.1"), "mail.client.test", "@mail.client.test")
          .result,
      Pass);
}

TEST(Spf, AsksForALabels) {
  FakeResolver dns;
  dns.txt("xn--bcher-kva.test", "v=spf1 exists:%{o}.list.test -all")
      .a("xn--bcher-kva.test.list.test", "127.0.0.2");
  EXPECT_EQ(check_from(dns, "192.0.2.1",
                       "a@b\xC3\xBC"
                       "cher.test")
                .result,
            Pass);
  EXPECT_EQ(check_from(dns, "192.0.2.1",
                       "a@B\xC3\x9C"
                       "CHER.test")
                .domain,
            "xn--bcher-kva.test");
}

TEST(Spf, ComparesIpv6AndMappedAddresses) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 ip6:2001:db8::/33 a:six.test//48 mx:six.test a:four.test/24 -all");
  dns.aaaa("six.test", "2001:db8:ffff:1::1")
      .a("six.test", "192.0.2.1")
      .a("four.test", "203.0.113.1");
  dns.mx("six.test", 1, "mx.six.test").aaaa("mx.six.test", "2001:db8:8000::25");
  EXPECT_EQ(check_from(dns, "2001:db8:7fff::1").result, Pass);
  EXPECT_EQ(check_from(dns, "2001:db8:8000::1").result, Fail);
  EXPECT_EQ(check_from(dns, "2001:db8:8000::25").result, Pass);
  EXPECT_EQ(check_from(dns, "2001:db8:ffff:2::").result, Pass);
  EXPECT_EQ(check_from(dns, "2001:db9::1").result, Fail);
  EXPECT_EQ(check_from(dns, "::ffff:203.0.113.77").result, Pass);
  EXPECT_EQ(check_from(dns, "203.0.112.77").result, Fail);
}

TEST(Spf, AMappedNetworkHoldsNoIpv4Client) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 ip6:::ffff:192.0.2.0/0 -all");
  EXPECT_EQ(check_from(dns, "192.0.2.1").result, Fail);
  EXPECT_EQ(check_from(dns, "2001:db8::1").result, Pass);
}

TEST(Spf, GivesTheQualifierOfWhatMatches) {
  const std::vector<std::pair<std::string, AuthResult>> rows = {
      {"v=spf1 ALL", Pass},
      {"V=SpF1 -aLL", Fail},
      {"v=spf1 ~all", SoftFail},
      {"v=spf1 ?all", Neutral},
      {"v=spf1", Neutral},
      {"v=spf1 IP4:192.0.2.1", Pass},
      {"v=spf1   a   mx  ", Neutral},
      {"v=spf1 redirect=nowhere.test -all", Fail},
      {"v=spf1 -all redirect=nowhere.test", Fail},
      {"v=spf1 redirect=nowhere.test", PermError},
      {"v=spf1 Redirect=%{d}..%{d}", PermError},
      {"v=spf1 moo=%{c} -all moo=b", Fail}};
  for (const auto& [record, result] : rows) {
    FakeResolver dns;
    dns.txt("example.com", record);
    EXPECT_EQ(check_from(dns, "192.0.2.1").result, result) << record;
  }
}

TEST(Spf, SaysWhy) {
  FakeResolver dns;
  dns.txt("example.com", "v=spf1 ip4:192.0.2.1 -all");
  const auto passed = check_from(dns, "192.0.2.1");
  EXPECT_EQ(passed.reason, "192.0.2.1 is in that network: \"ip4:192.0.2.1\" of example.com");
  EXPECT_EQ(passed.record, "v=spf1 ip4:192.0.2.1 -all");
  const auto failed = check_from(dns, "192.0.2.2");
  EXPECT_EQ(failed.mechanism, "-all");
  EXPECT_EQ(failed.reason, "everything matches: \"-all\" of example.com");
}

}  // namespace
}  // namespace waxwing::spf
