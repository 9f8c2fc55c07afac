#include "auth/dmarc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dns/fake_resolver.h"

namespace waxwing::dmarc {
namespace {

using test::FakeResolver;
using testing::ElementsAre;
using testing::HasSubstr;
using enum AuthResult;

const PublicSuffixes& suffixes() {
  static const auto kSuffixes = PublicSuffixes::open();
  return *kSuffixes;
}

spf::Verdict spf_of(AuthResult result, const std::string& domain) {
  spf::Verdict verdict;
  verdict.result = result;
  verdict.domain = domain;
  return verdict;
}

dkim::Verdict dkim_of(AuthResult result, const std::string& domain) {
  dkim::Verdict verdict;
  verdict.result = result;
  verdict.domain = domain;
  return verdict;
}

struct Given {
  std::string from = "Alice <alice@example.com>";
  spf::Verdict spf = {};
  std::vector<dkim::Verdict> dkim = {};
  unsigned sample = 0;
};

Verdict evaluate(FakeResolver& dns, const Given& given) {
  const std::string header = "Subject: x\r\nFrom: " + given.from + "\r\n\r\n";
  return dmarc::evaluate(dns, FakeClock(), suffixes(),
                         {header, given.spf, given.dkim, given.sample});
}

// Section 3.1: who may speak for the author.
TEST(Dmarc, AlignsByTheTable) {
  struct Row {
    std::string author, modes;
    AuthResult spf;
    std::string spf_domain;
    AuthResult dkim;
    std::string dkim_domain;
    AuthResult result;
  };
  const std::vector<Row> rows = {
      // SPF
      {"example.com", "", Pass, "example.com", None, "", Pass},
      {"example.com", "", Pass, "EXAMPLE.com", None, "", Pass},
      {"example.com", "", Pass, "bounces.example.com", None, "", Pass},
      {"example.com", "aspf=r;", Pass, "bounces.example.com", None, "", Pass},
      {"example.com", "aspf=s;", Pass, "bounces.example.com", None, "", Fail},
      {"example.com", "aspf=S;", Pass, "bounces.example.com", None, "", Fail},
      {"example.com", "aspf=s;", Pass, "example.com", None, "", Pass},
      {"news.example.com", "", Pass, "example.com", None, "", Pass},
      {"news.example.com", "aspf=s;", Pass, "example.com", None, "", Fail},
      {"news.example.com", "", Pass, "other.example.com", None, "", Pass},
      {"example.com", "", Pass, "example.org", None, "", Fail},
      {"example.com", "", Pass, "badexample.com", None, "", Fail},
      {"example.com", "", Pass, "com", None, "", Fail},
      {"example.com", "", SoftFail, "example.com", None, "", Fail},
      {"example.com", "", Neutral, "example.com", None, "", Fail},
      {"example.com", "", PermError, "example.com", None, "", Fail},
      // DKIM
      {"example.com", "", Fail, "example.com", Pass, "example.com", Pass},
      {"example.com", "", Fail, "example.com", Pass, "mail.example.com", Pass},
      {"example.com", "adkim=s;", None, "", Pass, "mail.example.com", Fail},
      {"example.com", "adkim=s;", None, "", Pass, "example.com", Pass},
      {"example.com", "", None, "", Fail, "example.com", Fail},
      {"example.com", "", None, "", PermError, "example.com", Fail},
      {"example.com", "", None, "", Pass, "example.net", Fail},
      {"example.com", "adkim=s;", Pass, "a.example.com", Pass, "b.example.com", Pass},
      // public suffixes of more than one label, and those that nobody lists
      {"example.co.uk", "", Pass, "other.co.uk", None, "", Fail},
      {"a.example.co.uk", "", Pass, "b.example.co.uk", None, "", Pass},
      {"a.example.unlisted", "", Pass, "b.example.unlisted", None, "", Pass},
      {"a.github.io", "", Pass, "b.github.io", None, "", Fail},
      // trouble with the DNS
      {"example.com", "", TempError, "example.com", None, "", TempError},
      {"example.com", "", TempError, "example.org", None, "", Fail},
      {"example.com", "", Fail, "example.com", TempError, "example.com", TempError},
      {"example.com", "", TempError, "example.com", Pass, "example.com", Pass},
      {"example.com", "aspf=s;", TempError, "a.example.com", None, "", Fail},
  };
  for (const auto& row : rows) {
    FakeResolver dns;
    dns.txt("_dmarc." + row.author, "v=DMARC1; p=reject; " + row.modes);
    const auto verdict = evaluate(
        dns,
        {"a@" + row.author, spf_of(row.spf, row.spf_domain), {dkim_of(row.dkim, row.dkim_domain)}});
    EXPECT_EQ(verdict.result, row.result)
        << row.author << " " << row.modes << " " << row.spf_domain << " " << row.dkim_domain;
    EXPECT_EQ(verdict.disposition, row.result == Fail ? Policy::Reject : Policy::None);
    EXPECT_EQ(verdict.policy, Policy::Reject);
  }
}

TEST(Dmarc, OneSignatureOfManyIsEnough) {
  FakeResolver dns;
  dns.txt("_dmarc.example.com", "v=DMARC1; p=reject");
  const auto verdict = evaluate(dns, {"a@example.com",
                                      spf_of(Fail, "example.com"),
                                      {dkim_of(Fail, "example.com"), dkim_of(Pass, "list.test"),
                                       dkim_of(Pass, "example.com")}});
  EXPECT_EQ(verdict.result, Pass);
  EXPECT_TRUE(verdict.is_dkim_aligned);
  EXPECT_FALSE(verdict.is_spf_aligned);
  EXPECT_EQ(verdict.reason, "signed by example.com");
}

TEST(Dmarc, AsksTheDomainAndThenTheOrganization) {
  FakeResolver dns;
  dns.txt("_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine");
  dns.txt("_dmarc.own.example.com", "v=DMARC1; p=none; sp=reject");
  auto verdict = evaluate(dns, {"a@example.com"});
  EXPECT_EQ(verdict.policy, Policy::Reject);
  verdict = evaluate(dns, {"a@deep.sub.example.com"});
  EXPECT_EQ(verdict.policy, Policy::Quarantine);
  EXPECT_EQ(verdict.disposition, Policy::Quarantine);
  EXPECT_EQ(verdict.record_domain, "example.com");
  EXPECT_EQ(verdict.organizational_domain, "example.com");
  EXPECT_EQ(dns.count("_dmarc.sub.example.com", dns::Type::Txt), 0u);
  verdict = evaluate(dns, {"a@own.example.com"});
  EXPECT_EQ(verdict.policy, Policy::None);
  EXPECT_EQ(verdict.result, Fail);
  EXPECT_EQ(verdict.record, "v=DMARC1; p=none; sp=reject");
  dns.txt("_dmarc.plain.test", "v=DMARC1; p=quarantine");
  EXPECT_EQ(evaluate(dns, {"a@sub.plain.test"}).policy, Policy::Quarantine);
}

TEST(Dmarc, IsNoneWithoutARecord) {
  FakeResolver dns;
  dns.txt("_dmarc.example.com", "v=spf1 -all").txt("example.com", "v=DMARC1; p=reject");
  const auto verdict = evaluate(dns, {"a@sub.example.com", spf_of(Pass, "sub.example.com")});
  EXPECT_EQ(verdict.result, None);
  EXPECT_EQ(verdict.disposition, Policy::None);
  EXPECT_THAT(verdict.reason, HasSubstr("publishes no DMARC record"));
}

TEST(Dmarc, SeveralOrBrokenRecordsAreAnErrorWithoutAPolicy) {
  for (const std::vector<std::string>& records :
       {std::vector<std::string>{"v=DMARC1; p=reject", "v=DMARC1; p=none"},
        {"v=DMARC1; p=wild"},
        {"v=DMARC1"},
        {"v=DMARC1; p=reject; p=none"},
        {"v=DMARC1; p=reject; sp=wild"}}) {
    FakeResolver dns;
    for (const auto& record : records) dns.txt("_dmarc.example.com", record);
    const auto verdict = evaluate(dns, {"a@example.com"});
    EXPECT_EQ(verdict.result, PermError) << records[0];
    EXPECT_EQ(verdict.disposition, Policy::None);
  }
  FakeResolver dns;
  dns.txt("_dmarc.example.com", "v=DMARC1; p=reject").txt("_dmarc.example.com", "other");
  EXPECT_EQ(evaluate(dns, {"a@example.com"}).result, Fail);
}

TEST(Dmarc, TroubleWithTheDnsIsTemporary) {
  FakeResolver dns;
  dns.txt("_dmarc.example.com", "v=DMARC1; p=reject");
  dns.fail("_dmarc.sub.example.com", dns::Type::Txt, "the line is cut");
  const auto verdict = evaluate(dns, {"a@sub.example.com"});
  EXPECT_EQ(verdict.result, TempError);
  EXPECT_EQ(verdict.disposition, Policy::None);
  EXPECT_THAT(verdict.reason, HasSubstr("the line is cut"));
}

TEST(Dmarc, MeansSoManyOfAHundred) {
  struct Row {
    std::string policy;
    unsigned sample;
    Policy disposition;
  };
  const std::vector<Row> rows = {{"reject", 29, Policy::Reject},
                                 {"reject", 30, Policy::Quarantine},
                                 {"quarantine", 0, Policy::Quarantine},
                                 {"quarantine", 99, Policy::None},
                                 {"none", 99, Policy::None}};
  for (const auto& row : rows) {
    FakeResolver dns;
    dns.txt("_dmarc.example.com", "v=DMARC1; p=" + row.policy + "; pct=30");
    const auto verdict = evaluate(dns, {"a@example.com", {}, {}, row.sample});
    EXPECT_EQ(verdict.result, Fail);
    EXPECT_EQ(verdict.disposition, row.disposition) << row.policy << row.sample;
    EXPECT_EQ(to_string(verdict.policy), row.policy);
  }
}

TEST(Dmarc, WithoutOneClearAuthorThereIsNoVerdict) {
  FakeResolver dns;
  dns.txt("_dmarc.example.com", "v=DMARC1; p=reject");
  const spf::Verdict spf = spf_of(Pass, "example.com");
  const std::vector<dkim::Verdict> none;
  for (const std::string header :
       {"Subject: x\r\n\r\n", "From: a@example.com\r\nFrom: b@example.com\r\n\r\n",
        "From: a@example.com\r\nfrom : b@evil.test\r\n\r\n", "From: \r\n\r\n",
        "From: nobody\r\n\r\n", "From: a@[192.0.2.1]\r\n\r\n", "From: undisclosed:;\r\n\r\n",
        "From: a@example.com b@evil.test\r\n\r\n", "From: <a@example.com> <b@evil.test>\r\n\r\n"}) {
    const auto verdict = dmarc::evaluate(dns, FakeClock(), suffixes(), {header, spf, none, 0});
    EXPECT_EQ(verdict.result, PermError) << header;
    EXPECT_EQ(verdict.disposition, Policy::None);
  }
}

TEST(Dmarc, OfSeveralAuthorsTheStrictestThatFailsCounts) {
  FakeResolver dns;
  dns.txt("_dmarc.a.test", "v=DMARC1; p=none").txt("_dmarc.b.test", "v=DMARC1; p=reject");
  dns.txt("_dmarc.c.test", "v=DMARC1; p=reject");
  const std::vector<dkim::Verdict> signed_by_b = {dkim_of(Pass, "b.test")};
  EXPECT_EQ(evaluate(dns, {"x@a.test, y@b.test"}).domain, "b.test");
  EXPECT_EQ(evaluate(dns, {"x@a.test, y@b.test", {}, signed_by_b}).domain, "a.test");
  EXPECT_EQ(evaluate(dns, {"y@b.test, x@c.test", {}, signed_by_b}).disposition, Policy::Reject);
  EXPECT_EQ(evaluate(dns, {"y@b.test, z@B.TEST", {}, signed_by_b}).result, Pass);
  EXPECT_EQ(evaluate(dns, {"a@1.test, a@2.test, a@3.test, a@4.test, a@5.test, a@6.test"}).result,
            PermError);
}

TEST(Dmarc, AsksForALabels) {
  FakeResolver dns;
  dns.txt("_dmarc.xn--bcher-kva.test", "v=DMARC1; p=reject");
  const auto verdict = evaluate(dns, {"a@b\xC3\xBC"
                                      "cher.test",
                                      spf_of(Pass, "xn--bcher-kva.test")});
  EXPECT_EQ(verdict.result, Pass);
  EXPECT_EQ(verdict.domain, "xn--bcher-kva.test");
}

TEST(DmarcRecord, ReadsWhatItSays) {
  const auto record = parse_record(
      " v = DMARC1 ; p=Reject;sp=none; adkim=s; aspf=x; pct=101; rua=mailto:a@x.test!10m, "
      "mailto:b@x.test; new=1;");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->policy, Policy::Reject);
  EXPECT_EQ(record->subdomain_policy, Policy::None);
  EXPECT_EQ(record->dkim, Alignment::Strict);
  EXPECT_EQ(record->spf, Alignment::Relaxed);
  EXPECT_EQ(record->percent, 100u);
  EXPECT_THAT(record->aggregate_to, ElementsAre("mailto:a@x.test!10m", "mailto:b@x.test"));
  EXPECT_EQ(parse_record("v=DMARC1; p=none; pct=0")->percent, 0u);
}

TEST(DmarcRecord, AskingForReportsIsWantingNothingElse) {
  const auto record = parse_record("v=DMARC1; p=wild; pct=5; rua=mailto:a@x.test");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->policy, Policy::None);
  EXPECT_THAT(record->aggregate_to, ElementsAre("mailto:a@x.test"));
  EXPECT_FALSE(parse_record("v=DMARC1; p=wild; rua=nonsense").has_value());
}

TEST(DmarcRecord, RefusesWhatIsNone) {
  for (const std::string text :
       {"", "v=dmarc1; p=none", "v=DMARC10; p=none", "v=DMARC1 p=none", "p=none; v=DMARC1",
        "V=DMARC1; p=none", "v=DMARC1; p=none; ;", "v=DMARC1; p=none\x01", "v=DMARC1; p none"})
    EXPECT_FALSE(parse_record(text).has_value()) << text;
  EXPECT_FALSE(is_record("v=DMARC1 p=none"));
  EXPECT_TRUE(is_record("v=DMARC1"));
}

TEST(PublicSuffixes, FindsWhatWasRegistered) {
  EXPECT_EQ(suffixes().organizational_domain("a.b.example.com"), "example.com");
  EXPECT_EQ(suffixes().organizational_domain("a.example.co.uk"), "example.co.uk");
  EXPECT_EQ(suffixes().organizational_domain("co.uk"), "co.uk");
  EXPECT_EQ(suffixes().organizational_domain("com"), "com");
  EXPECT_EQ(suffixes().organizational_domain("a.xn--bcher-kva.xn--55qx5d.cn"),
            "xn--bcher-kva.xn--55qx5d.cn");
}

TEST(PublicSuffixes, KnowsTheListOfLibpslWithoutTheFile) {
  const auto list = PublicSuffixes::open("/nonexistent");
  ASSERT_TRUE(list.has_value());
  EXPECT_EQ(list->organizational_domain("a.example.co.uk"), "example.co.uk");
}

}  // namespace
}  // namespace waxwing::dmarc
