#include "daemon/domain_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "protocols/dns/sts_policy.h"
#include "protocols/dns/tls_report_record.h"

namespace waxwing {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class DomainRecords : public testing::Test {
 protected:
  DomainRecords() { settings_.hostname = "mail.example.com"; }
  std::vector<ZoneSection> sections() {
    return domain_records({domain_, keys_, settings_, tls_keys_});
  }
  // The data of the records of that name and type; of TXT the text.
  std::vector<std::string> records(const std::string& name, const std::string& type) {
    std::vector<std::string> all;
    for (const auto& section : sections()) {
      for (const auto& record : section.records) {
        if (record.name == name && record.type == type)
          all.push_back(type == "TXT" ? record.text : record.data);
      }
    }
    return all;
  }
  std::string comments() {
    std::string text;
    for (const auto& section : sections()) text += section.comment + "\n";
    return text;
  }

  std::string domain_ = "example.com";
  std::vector<DomainKey> keys_;
  Settings settings_;
  std::vector<std::string> tls_keys_ = {"abcd"};
};

TEST_F(DomainRecords, LeadMailHereAndSayWhoSendsIt) {
  EXPECT_THAT(records("example.com.", "MX"), ElementsAre("10 mail.example.com."));
  EXPECT_THAT(records("example.com.", "TXT"), ElementsAre("v=spf1 mx ~all"));
  EXPECT_THAT(records("_dmarc.example.com.", "TXT"),
              ElementsAre("v=DMARC1; p=none; rua=mailto:postmaster@example.com"));
}

TEST_F(DomainRecords, NameWhatElseSends) {
  settings_.outbound.source_addresses = {"192.0.2.7", "2001:db8::7"};
  settings_.relay.resize(4);
  settings_.relay[0].host = "smtp.far.example";
  settings_.relay[1].host = "192.0.2.99";
  settings_.relay[2].host = "127.0.0.1";
  settings_.relay[3].host = "store.example.com";
  settings_.relay[3].lmtp = true;
  EXPECT_THAT(records("example.com.", "TXT"),
              ElementsAre("v=spf1 mx ip4:192.0.2.7 ip6:2001:db8::7 a:smtp.far.example "
                          "ip4:192.0.2.99 ~all"));
  EXPECT_THAT(comments(), HasSubstr("ask who runs it"));
}

TEST_F(DomainRecords, CutLongTextsIntoStrings) {
  keys_.push_back({"s", dkim::KeyType::Rsa, DomainKey::State::Active, std::string(300, 'k'), 0, 0});
  const auto records = key_records("example.com", keys_);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].data, "\"" + std::string(255, 'k') + "\" \"" + std::string(45, 'k') + "\"");
  EXPECT_EQ(zone_line(records[0]), "s._domainkey.example.com. 3600 IN TXT " + records[0].data);
}

TEST_F(DomainRecords, PublishKeysOfEveryState) {
  for (const auto state :
       {DomainKey::State::Next, DomainKey::State::Active, DomainKey::State::Retired})
    keys_.push_back({to_string(state), dkim::KeyType::Ed25519, state, "v=DKIM1", 0, 0});
  for (const char* selector : {"next", "active", "retired"})
    EXPECT_THAT(records(std::string(selector) + "._domainkey.example.com.", "TXT"),
                ElementsAre("v=DKIM1"));
}

TEST_F(DomainRecords, AreUnderstoodByThoseWhoReadThem) {
  EXPECT_TRUE(dns::sts_id(records("_mta-sts.example.com.", "TXT")));
  const auto targets = dns::tls_report_targets(records("_smtp._tls.example.com.", "TXT"));
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].mail, "postmaster@example.com");
  const std::string all = comments();
  const auto start = all.find("  version: STSv1");
  ASSERT_NE(start, std::string::npos);
  std::string policy;
  for (const auto line : split(std::string_view(all).substr(start), '\n')) {
    if (!line.starts_with("  ")) break;
    policy += std::string(trim(line)) + "\n";
  }
  const auto read = dns::parse_sts_policy(policy);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->allows("mail.example.com"));
}

TEST_F(DomainRecords, ChangeTheIdOfAPolicyWithThePolicy) {
  const auto before = records("_mta-sts.example.com.", "TXT");
  EXPECT_EQ(records("_mta-sts.example.com.", "TXT"), before);
  settings_.hostname = "mx.example.com";
  EXPECT_NE(records("_mta-sts.example.com.", "TXT"), before);
}

TEST_F(DomainRecords, FollowTheConfiguredPorts) {
  EXPECT_THAT(records("_submissions._tcp.example.com.", "SRV"),
              ElementsAre("0 1 465 mail.example.com."));
  EXPECT_THAT(records("_submission._tcp.example.com.", "SRV"),
              ElementsAre("10 1 587 mail.example.com."));
  EXPECT_THAT(records("_imaps._tcp.example.com.", "SRV"), ElementsAre("0 1 993 mail.example.com."));
  EXPECT_THAT(records("_pop3s._tcp.example.com.", "SRV"),
              ElementsAre("20 1 995 mail.example.com."));
  using Listener = Settings::Listener;
  settings_.ports = {{1993, Listener::Service::Imap, Listener::Tls::Implicit},
                     {1143, Listener::Service::Imap, Listener::Tls::None}};
  EXPECT_THAT(records("_imaps._tcp.example.com.", "SRV"),
              ElementsAre("0 1 1993 mail.example.com."));
  EXPECT_THAT(records("_imap._tcp.example.com.", "SRV"), ElementsAre("0 0 0 ."))
      << "nobody is sent to a port without TLS";
  EXPECT_THAT(records("_pop3._tcp.example.com.", "SRV"), ElementsAre("0 0 0 ."));
}

TEST_F(DomainRecords, SpeakOfTheHostInItsOwnZoneOnly) {
  EXPECT_THAT(records("_25._tcp.mail.example.com.", "TLSA"), ElementsAre("3 1 1 abcd"));
  EXPECT_THAT(records("mail.example.com.", "TXT"), ElementsAre("v=spf1 a -all"));
  domain_ = "example.org";
  EXPECT_THAT(records("_25._tcp.mail.example.com.", "TLSA"), IsEmpty());
  EXPECT_THAT(records("mail.example.com.", "TXT"), IsEmpty());
  EXPECT_THAT(records("example.org.", "MX"), ElementsAre("10 mail.example.com."));
  domain_ = "mail.example.com";
  EXPECT_THAT(records("mail.example.com.", "TXT"), ElementsAre("v=spf1 mx ~all"))
      << "one name has one SPF record";
}

TEST_F(DomainRecords, AreInALabels) {
  settings_.hostname = "mail.b\u00fccher.example";
  domain_ = "xn--bcher-kva.example";
  EXPECT_THAT(records("xn--bcher-kva.example.", "MX"),
              ElementsAre("10 mail.xn--bcher-kva.example."));
  EXPECT_TRUE(is_ascii(zone_file(sections())));
}

TEST_F(DomainRecords, AreLinesOrComments) {
  const std::string text = zone_file(sections());
  for (const auto line : split(text, '\n')) {
    if (line.empty() || line.starts_with("; ") || line == ";") continue;
    EXPECT_THAT(std::string(line), testing::ContainsRegex("^[^ ]+\\. 3600 IN [A-Z]+ .")) << line;
  }
}

}  // namespace
}  // namespace waxwing
