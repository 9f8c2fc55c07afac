#include "daemon/tls_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <future>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "storage/disk.h"
#include "tests/daemon/house.h"
#include "tests/dns/fake_resolver.h"

namespace waxwing {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kReportedDomain = "far.example";

std::string gunzip(std::string_view packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

class TlsReporterTest : public testing::Test {
 protected:
  void SetUp() override {
    sessions_ = TlsSessions::open(folder_.path(), disk_, clock_).value();
    settings_.hostname = "mx.ours.example";
    lanes_ = std::make_unique<Lanes>(Lanes::Sizes{1, 1, 1, 1, 100});
    TlsReporter::Parts parts{
        std::make_shared<Settings>(settings_),
        *sessions_,
        dns_,
        *lanes_,
        clock_,
        [this](const std::string&, const std::string& to, std::string_view text) -> Outcome {
          const std::lock_guard lock(mutex_);
          mails_.emplace_back(to, text);
          return {};
        },
        [this](const HttpsRequest& request) {
          const std::lock_guard lock(mutex_);
          posts_.push_back(request);
          return answer_;
        }};
    reporter_ = std::make_unique<TlsReporter>(std::move(parts));
  }
  void TearDown() override { lanes_->stop(std::chrono::hours(1)); }

  void ask_for(const std::string& rua) {
    dns_.txt("_smtp._tls.far.example", "v=TLSRPTv1;rua=" + rua);
  }
  void note(const std::string& result, TlsPolicy::Kind kind = TlsPolicy::Kind::Sts) {
    const auto policy = std::make_shared<const TlsPolicy>(
        TlsPolicy{kind, kReportedDomain, {"version: STSv1", "mode: enforce"}, {"*.far.example"}});
    reporter_->note({policy, result, "mx.far.example", "192.0.2.1", "192.0.2.2", "why"});
  }
  // look(), and all that follows from it.
  void look() {
    reporter_->look();
    for (int i = 0; i < 3; ++i) {
      std::promise<void> done;
      lanes_->submit(Lane::Network, [&] { done.set_value(); });
      done.get_future().wait();
    }
  }
  std::size_t left() { return sessions_->before(INT64_MAX)->size(); }

  test::Folder folder_;
  SystemDisk disk_;
  FakeClock clock_{test::kNoon};
  test::FakeResolver dns_;
  Settings settings_;
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> mails_;
  std::vector<HttpsRequest> posts_;
  HttpsAnswer answer_{HttpsAnswer::Kind::Answered, 201, "", "", ""};
  std::unique_ptr<TlsSessions> sessions_;
  std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<TlsReporter> reporter_;
};

TEST_F(TlsReporterTest, TellsWithinFourHoursAfterTheDay) {
  ask_for("mailto:tls@far.example");
  note("");
  look();
  clock_.advance(std::chrono::hours(12) - std::chrono::seconds(1));
  look();
  EXPECT_TRUE(mails_.empty()) << "the day is not over";
  clock_.advance(std::chrono::hours(4) + std::chrono::seconds(1));
  look();
  ASSERT_EQ(mails_.size(), 1u);
  EXPECT_EQ(mails_[0].first, "tls@far.example");
  EXPECT_EQ(left(), 0u);
  look();
  EXPECT_EQ(mails_.size(), 1u);
}

TEST_F(TlsReporterTest, PostsWhatTheStandardSays) {
  ask_for("https://reports.far.example:8443/v1?x");
  dns_.a("reports.far.example", "192.0.2.7");
  note("");
  note("");
  note("certificate-expired");
  note("", TlsPolicy::Kind::Tlsa);
  const auto sent = reporter_->send_now(kReportedDomain);
  ASSERT_TRUE(sent) << sent.error().text;
  ASSERT_EQ(posts_.size(), 1u);
  EXPECT_EQ(posts_[0].host, "reports.far.example");
  EXPECT_EQ(posts_[0].port, 8443);
  EXPECT_EQ(posts_[0].path, "/v1?x");
  EXPECT_EQ(posts_[0].addresses.at(0).to_string(), "192.0.2.7");
  EXPECT_EQ(posts_[0].content_type, "application/tlsrpt+gzip");
  const auto report = json::parse(gunzip(posts_[0].content));
  EXPECT_EQ(report["organization-name"], "mx.ours.example");
  EXPECT_EQ(report["contact-info"], "postmaster@mx.ours.example");
  EXPECT_EQ(report["date-range"]["start-datetime"], "2026-09-21T00:00:00Z");
  EXPECT_EQ(report["date-range"]["end-datetime"], "2026-09-21T23:59:59Z");
  EXPECT_TRUE(report["report-id"].is_string());
  ASSERT_EQ(report["policies"].size(), 2u);
  const auto& sts = report["policies"][0];
  EXPECT_EQ(sts["policy"], json::parse(R"({"policy-type": "sts", "policy-domain": "far.example",
    "policy-string": ["version: STSv1", "mode: enforce"], "mx-host": ["*.far.example"]})"));
  EXPECT_EQ(sts["summary"], json::parse(R"({"total-successful-session-count": 2,
    "total-failure-session-count": 1})"));
  EXPECT_EQ(sts["failure-details"], json::parse(R"([{"result-type": "certificate-expired",
    "sending-mta-ip": "192.0.2.2", "receiving-mx-hostname": "mx.far.example",
    "receiving-ip": "192.0.2.1", "failed-session-count": 1, "failure-reason-code": "why"}])"));
  EXPECT_EQ(report["policies"][1]["policy"]["policy-type"], "tlsa");
  EXPECT_FALSE(report["policies"][1].contains("failure-details"));
}

TEST_F(TlsReporterTest, MailsWhatTheStandardSays) {
  ask_for("mailto:tls@far.example");
  note("");
  ASSERT_TRUE(reporter_->send_now(kReportedDomain));
  ASSERT_EQ(mails_.size(), 1u);
  const std::string& text = mails_[0].second;
  for (const char* part :
       {"From: <postmaster@mx.ours.example>\r\n", "To: <tls@far.example>\r\n",
        "Subject: Report Domain: far.example\r\n Submitter: mx.ours.example\r\n",
        "TLS-Report-Domain: far.example\r\n", "TLS-Report-Submitter: mx.ours.example\r\n",
        "TLS-Required: No\r\n", "Content-Type: multipart/report; report-type=\"tlsrpt\";",
        "Content-Type: application/tlsrpt+gzip\r\n",
        "filename=\"mx.ours.example!far.example!1789948800!1790035199.json.gz\""})
    EXPECT_THAT(text, HasSubstr(part));
  const auto begin = text.rfind("\r\n\r\n") + 4;
  std::string packed = text.substr(begin, text.rfind("--=_") - begin);
  std::erase_if(packed, [](char c) { return c == '\r' || c == '\n'; });
  const auto report = json::parse(gunzip(from_base64(packed).value()));
  EXPECT_EQ(report["policies"][0]["summary"]["total-successful-session-count"], 1);
}

TEST_F(TlsReporterTest, TriesEachHourAndGivesUpAfterADay) {
  ask_for("https://reports.far.example/");
  dns_.a("reports.far.example", "192.0.2.7");
  answer_ = {HttpsAnswer::Kind::Unreachable, 0, "", "", "no"};
  note("");
  clock_.advance(std::chrono::hours(16));
  look();
  look();
  EXPECT_EQ(posts_.size(), 1u);
  clock_.advance(std::chrono::hours(1));
  look();
  EXPECT_EQ(posts_.size(), 2u);
  EXPECT_EQ(left(), 1u);
  clock_.advance(std::chrono::hours(19));
  look();
  EXPECT_EQ(posts_.size(), 2u);
  EXPECT_EQ(left(), 0u);
}

TEST_F(TlsReporterTest, WhoDoesNotAskIsNotTold) {
  note("");
  dns_.fail("_smtp._tls.far.example", dns::Type::Txt);
  EXPECT_FALSE(reporter_->send_now(kReportedDomain));
  EXPECT_EQ(left(), 1u) << "the DNS may answer later";
  dns_.set("_smtp._tls.far.example", dns::Type::Txt,
           {dns::Answer::Status::NoName, false, "", {}, std::chrono::seconds(1), ""});
  EXPECT_THAT(reporter_->send_now(kReportedDomain).error().text, HasSubstr("does not ask"));
  EXPECT_EQ(left(), 0u);
  EXPECT_TRUE(mails_.empty());
  EXPECT_TRUE(posts_.empty());
}

TEST_F(TlsReporterTest, CanBeTurnedOff) {
  ask_for("mailto:tls@far.example");
  note("");
  settings_.tls_reports.send = false;
  reporter_->use(std::make_shared<Settings>(settings_));
  note("certificate-expired");
  EXPECT_EQ(sessions_->sessions(TlsSessions::day_of(clock_.now()), kReportedDomain)->size(), 1u);
  clock_.advance(std::chrono::hours(16));
  look();
  EXPECT_TRUE(mails_.empty());
  EXPECT_EQ(left(), 0u);
}

}  // namespace
}  // namespace waxwing
