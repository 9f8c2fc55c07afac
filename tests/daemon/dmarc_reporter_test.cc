#include "daemon/dmarc_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/encoding.h"
#include "base/text.h"
#include "daemon/dmarc_report_reader.h"
#include "daemon/received_reports.h"
#include "daemon/report_unpack.h"
#include "storage/disk.h"
#include "tests/daemon/house.h"
#include "tests/dns/fake_resolver.h"

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct NoMessage final : Staged {
  Outcome append(std::string_view) override { return {}; }
  std::uint64_t size() const override { return 0; }
  bool fits_in_memory(std::size_t) const override { return true; }
  const mail::Message& finish() override { return parsed; }
  Result<std::string> read(std::uint64_t, std::size_t) const override { return std::string(); }
  mail::Message parsed;
};

class DmarcReporterTest : public testing::Test {
 protected:
  DmarcReporterTest() {
    settings_.hostname = "mx.ours.example";
    settings_.dmarc_reports.send = true;
    origin_.peer.address = *IpAddress::parse("192.0.2.7");
    envelope_.sender = "bounce@sub.far.example";
    found_.dmarc.result = AuthResult::Pass;
    found_.dmarc.domain = "far.example";
    found_.dmarc.record_domain = "far.example";
    found_.dmarc.record = kRecord;
    found_.dmarc.is_spf_aligned = true;
    found_.mail_from.result = AuthResult::Pass;
    found_.mail_from.domain = "sub.far.example";
  }
  void SetUp() override {
    counts_ = DailyCounts::open({folder_.path("counts.sqlite"), ""}, disk_, clock_).value();
    lanes_ = std::make_unique<Lanes>(Lanes::Sizes{1, 1, 1, 1, 100});
    make();
  }
  void TearDown() override { lanes_->stop(std::chrono::hours(1)); }
  void make() {
    const auto mail = [this](const std::string&, const std::string& to,
                             std::string_view text) -> Outcome {
      if (is_full_) return fail(Error::Code::NoSpace, "full");
      mails_.emplace_back(to, text);
      return {};
    };
    reporter_ = std::make_unique<DmarcReporter>(DmarcReporter::Parts{
        std::make_shared<Settings>(settings_), *counts_, dns_, suffixes_, *lanes_, clock_, mail});
  }
  void note() { reporter_->note({origin_, envelope_, message_, ""}, found_, decision_); }
  void look() {
    reporter_->look();
    std::promise<void> done;
    lanes_->submit(Lane::Network, [&] { done.set_value(); });
    done.get_future().wait();
  }
  std::size_t left() { return counts_->before(INT64_MAX)->size(); }
  std::vector<std::string> told() const {
    std::vector<std::string> all;
    for (const auto& [to, text] : mails_) all.push_back(to);
    return all;
  }
  // The report in the one mail, read as its reader would.
  DmarcReport report() const {
    EXPECT_EQ(mails_.size(), 1u);
    const std::string& text = mails_.at(0).second;
    const auto start = text.find(".xml.gz\"\r\n\r\n") + 12;
    std::string encoded = text.substr(start, text.find("\r\n--", start) - start);
    std::erase_if(encoded, [](char c) { return c == '\r' || c == '\n'; });
    const auto xml = unpack_report(from_base64(encoded).value());
    EXPECT_TRUE(xml) << xml.error().text;
    const auto report = read_dmarc_report(*xml);
    EXPECT_TRUE(report) << report.error().text << *xml;
    return report.value_or(DmarcReport());
  }

  static constexpr const char* kRecord = "v=DMARC1; p=reject; rua=mailto:dmarc@far.example";
  test::Folder folder_;
  SystemDisk disk_;
  FakeClock clock_{test::kNoon};
  test::FakeResolver dns_;
  PublicSuffixes suffixes_ = PublicSuffixes::open().value();
  Settings settings_;
  smtp::Origin origin_;
  smtp::MailEnvelope envelope_;
  NoMessage message_;
  SenderVerdicts found_;
  SenderDecision decision_;
  bool is_full_ = false;
  std::vector<std::pair<std::string, std::string>> mails_;
  std::unique_ptr<DailyCounts> counts_;
  std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<DmarcReporter> reporter_;
};

TEST_F(DmarcReporterTest, TellsOnceWithinFourHoursAfterTheDay) {
  dns_.txt("_dmarc.far.example", kRecord);
  note();
  look();
  clock_.advance(std::chrono::hours(12) - std::chrono::seconds(1));
  look();
  EXPECT_TRUE(mails_.empty()) << "the day is not over";
  clock_.advance(std::chrono::hours(4) + std::chrono::seconds(1));
  look();
  EXPECT_THAT(told(), ElementsAre("dmarc@far.example"));
  EXPECT_EQ(left(), 0u);
  look();
  EXPECT_EQ(mails_.size(), 1u);
}

TEST_F(DmarcReporterTest, SaysWhatTheSchemaWants) {
  dns_.txt("_dmarc.far.example", kRecord);
  note();
  note();
  found_.dmarc.result = AuthResult::Fail;
  found_.dmarc.policy = found_.dmarc.disposition = dmarc::Policy::Reject;
  found_.dmarc.is_spf_aligned = false;
  found_.mail_from.result = AuthResult::SoftFail;
  dkim::Verdict signature;
  signature.domain = "list.example";
  signature.selector = "s<1>";
  signature.result = AuthResult::Pass;
  found_.dkim = {signature};
  decision_.disposition = dmarc::Policy::Quarantine;
  note();
  const auto sent = reporter_->send_now("far.example");
  ASSERT_TRUE(sent) << sent.error().text;
  EXPECT_EQ(*sent, "a report to far.example is sent: dmarc@far.example");
  EXPECT_THAT(mails_[0].second, HasSubstr("Subject: Report Domain: far.example\r\n Submitter: "
                                          "mx.ours.example\r\n Report-ID: <"));
  EXPECT_THAT(mails_[0].second, HasSubstr("filename=\"mx.ours.example!far.example!1789948800!"
                                          "1790035199!"));
  const auto said = report();
  EXPECT_EQ(said.organization, "mx.ours.example");
  EXPECT_EQ(said.contact, "postmaster@mx.ours.example");
  EXPECT_EQ(said.domain, "far.example");
  EXPECT_EQ(said.begin, 1789948800);
  EXPECT_EQ(said.end, 1790035199);
  ASSERT_EQ(said.rows.size(), 2u);
  const auto& good = said.rows[0].count == 2 ? said.rows[0] : said.rows[1];
  const auto& bad = said.rows[0].count == 2 ? said.rows[1] : said.rows[0];
  EXPECT_EQ(good.count, 2u);
  EXPECT_EQ(good.result.source, "192.0.2.7");
  EXPECT_EQ(good.result.disposition, "none");
  EXPECT_EQ(good.result.spf, "pass");
  EXPECT_EQ(good.result.dkim, "fail");
  EXPECT_EQ(good.result.header_from, "far.example");
  EXPECT_EQ(good.result.envelope_from, "sub.far.example");
  EXPECT_EQ(good.result.spf_domain, "sub.far.example");
  EXPECT_EQ(good.result.spf_scope, "mfrom");
  EXPECT_EQ(good.result.override_type, "");
  EXPECT_EQ(bad.count, 1u);
  EXPECT_EQ(bad.result.disposition, "quarantine");
  EXPECT_EQ(bad.result.override_type, "local_policy");
  EXPECT_EQ(bad.result.spf_result, "softfail");
  ASSERT_EQ(bad.result.signatures.size(), 1u);
  EXPECT_EQ(bad.result.signatures[0].selector, "s<1>");
}

TEST_F(DmarcReporterTest, AsksOthersWhetherTheyWantToBeTold) {
  dns_.txt("_dmarc.far.example",
           "v=DMARC1; p=none; rua=mailto:a@yes.example!10m,mailto:b@no.example, "
           "https://far.example/x,mailto:c@reports.far.example,mailto:d%40far.example!1k");
  dns_.txt("far.example._report._dmarc.yes.example", "v=DMARC1");
  note();
  ASSERT_TRUE(reporter_->send_now("far.example"));
  EXPECT_THAT(told(), ElementsAre("a@yes.example", "c@reports.far.example"))
      << "d takes no more than a kilobyte";
}

TEST_F(DmarcReporterTest, TriesAgainEachHourAndGivesUpAfterADay) {
  dns_.fail("_dmarc.far.example", dns::Type::Txt);
  note();
  clock_.advance(std::chrono::hours(17));
  look();
  look();
  EXPECT_EQ(dns_.count(), 1u) << "an hour must pass";
  clock_.advance(std::chrono::hours(1));
  look();
  EXPECT_EQ(dns_.count(), 2u);
  EXPECT_EQ(left(), 1u);
  clock_.advance(std::chrono::hours(24));
  look();
  EXPECT_EQ(dns_.count(), 2u);
  EXPECT_EQ(left(), 0u);
}

TEST_F(DmarcReporterTest, KeepsWhatCouldNotBeSent) {
  dns_.txt("_dmarc.far.example", kRecord);
  is_full_ = true;
  note();
  EXPECT_EQ(reporter_->send_now("far.example").error().code, Error::Code::NoSpace);
  EXPECT_EQ(left(), 1u);
}

TEST_F(DmarcReporterTest, TellsNobodyWhoDoesNotAsk) {
  dns_.txt("_dmarc.far.example", "v=DMARC1; p=none");
  note();
  EXPECT_EQ(reporter_->send_now("far.example").error().code, Error::Code::NotFound);
  EXPECT_EQ(left(), 0u) << "who asked yesterday need not ask today";
  found_.dmarc.record = "v=DMARC1; p=none";
  note();
  EXPECT_EQ(left(), 0u);
  found_.dmarc.record = kRecord;
  found_.dmarc.result = AuthResult::TempError;
  note();
  EXPECT_EQ(left(), 0u) << "nothing is known";
}

TEST_F(DmarcReporterTest, CountsNothingWhileTheOperatorDoesNotWantIt) {
  settings_.dmarc_reports.send = false;
  make();
  note();
  EXPECT_EQ(left(), 0u);
}

TEST_F(DmarcReporterTest, SaysWhyWhatWasDoneIsNotThePolicy) {
  const auto reason = [&] {
    return dmarc_note({origin_, envelope_, message_, ""}, found_, decision_)->result;
  };
  found_.dmarc.result = AuthResult::Fail;
  found_.dmarc.policy = found_.dmarc.disposition = dmarc::Policy::Reject;
  decision_.disposition = dmarc::Policy::Reject;
  EXPECT_EQ(reason().override_type, "");
  found_.dmarc.disposition = decision_.disposition = dmarc::Policy::Quarantine;
  EXPECT_EQ(reason().override_type, "sampled_out");
  decision_.disposition = dmarc::Policy::None;
  EXPECT_EQ(reason().override_type, "local_policy");
  decision_.is_vouched_for = true;
  found_.arc.seals = {{"one.example", "s1", ""}, {"two.example", "s2", ""}};
  EXPECT_EQ(reason().override_type, "local_policy");
  EXPECT_EQ(reason().override_comment,
            "arc=pass as[2].d=two.example as[2].s=s2 as[1].d=one.example as[1].s=s1");
}

TEST(DmarcReportTarget, ReadsUrisAsRecordsHaveThem) {
  const auto read = [](const char* uri) {
    const auto target = report_target(uri);
    return target ? target->mail + " " + std::to_string(target->most) : "nothing";
  };
  EXPECT_EQ(read("mailto:a@x.example"), "a@x.example 0");
  EXPECT_EQ(read("MAILTO:%22a%2cb%22@x.example!10m"), "\"a,b\"@x.example 10485760");
  EXPECT_EQ(read("mailto:a@x.example!5"), "a@x.example 5");
  EXPECT_EQ(read("mailto:a@x.example?subject=x"), "a@x.example 0");
  for (const char* bad : {"https://x.example", "mailto:", "mailto:a", "mailto:a@x.example!q",
                          "mailto:a@x.example!9999999999t", "mailto:a@[192.0.2.1]",
                          "mailto:a@x.example\r\nBcc: b@x.example"})
    EXPECT_EQ(read(bad), "nothing") << bad;
}

TEST(DmarcResult, ComesBackAsItWas) {
  DmarcResult result{"v=DMARC1\xff", "192.0.2.1", "none",        "pass",      "fail",
                     "local_policy", "why",       "far.example", "b.example", {{"d", "s", "pass"}},
                     "b.example",    "mfrom",     "softfail"};
  const auto again = DmarcResult::parse(result.print());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->print(), DmarcResult::parse(again->print())->print());
  EXPECT_EQ(again->signatures[0].selector, "s");
  EXPECT_EQ(again->spf_result, "softfail");
  for (const char* bad : {"", "{}", "[1]", "{\"record\": 1}"})
    EXPECT_FALSE(DmarcResult::parse(bad)) << bad;
}

}  // namespace
}  // namespace waxwing
