#include "daemon/published_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"
#include "tests/dns/fake_resolver.h"

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// example.com on mail.example.com, as it should be until a test changes something.
class PublishedRecords : public testing::Test {
 protected:
  PublishedRecords() {
    settings_.hostname = "mail.example.com";
    const auto key = dkim::PrivateKey::generate(dkim::KeyType::Ed25519);
    const std::vector<DomainKey> keys = {
        {"s1", dkim::KeyType::Ed25519, DomainKey::State::Active, key.record(), 0, 0}};
    for (const auto& section : domain_records({"example.com", keys, settings_, {hex(kHash)}}))
      wanted_.insert(wanted_.end(), section.records.begin(), section.records.end());
    key_ = key.record();
  }
  // All that is wanted, but for the names that a test has set itself.
  void publish(const std::vector<std::string>& except = {}) {
    resolver_.a("mail.example.com", "192.0.2.1");
    for (const auto& record : wanted_) {
      const std::string name = record.name.substr(0, record.name.size() - 1);
      if (std::ranges::find(except, name) != except.end()) continue;
      if (record.type == "TXT") resolver_.txt(name, record.text);
      if (record.type == "MX") resolver_.mx(name, 10, "mail.example.com");
      if (record.type == "TLSA") resolver_.tlsa(name, 3, 1, 1, kHash);
      if (record.type == "SRV") resolver_.record(name, dns::Type::Srv, wire(record.data));
    }
  }
  // SRV of "0 1 465 mail.example.com." or "0 0 0 .".
  static std::string wire(const std::string& data) {
    const auto all = words(data);
    std::string rdata;
    for (int i = 0; i < 3; ++i) {
      const auto number = *parse_number(all[static_cast<std::size_t>(i)]);
      rdata += {static_cast<char>(number >> 8), static_cast<char>(number)};
    }
    if (all[3] != ".") {
      for (const auto label : split(all[3].substr(0, all[3].size() - 1), '.'))
        rdata += static_cast<char>(label.size()) + std::string(label);
    }
    return rdata + '\0';
  }
  std::vector<std::string> said() {
    std::vector<std::string> lines;
    for (const auto& one : differences(resolver_, clock_, wanted_))
      lines.push_back(one.name + " " + one.type + ": " + one.sentence);
    return lines;
  }

  const std::string kHash = std::string(32, 'h');
  FakeClock clock_;
  Settings settings_;
  test::FakeResolver resolver_;
  std::vector<ZoneRecord> wanted_;
  std::string key_;
};

TEST_F(PublishedRecords, SayNothingWhereAllIsAsItShouldBe) {
  publish();
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(PublishedRecords, NameAllThatIsMissing) {
  const auto lines = said();
  EXPECT_THAT(lines, testing::Contains("example.com. MX: there is no MX record: mail goes to "
                                       "example.com itself"));
  EXPECT_THAT(lines, testing::Contains("s1._domainkey.example.com. TXT: the key is not published"));
  for (const char* start :
       {"mail.example.com. A: ", "example.com. TXT: ", "_dmarc.example.com. TXT",
        "_mta-sts.example.com. TXT", "_smtp._tls.example.com. TXT", "_imaps._tcp.example.com. SRV"})
    EXPECT_THAT(lines, testing::Contains(StartsWith(start)));
}

TEST_F(PublishedRecords, LeaveToTheOperatorWhatIsHisToChoose) {
  publish({"example.com", "_dmarc.example.com", "_25._tcp.mail.example.com"});
  resolver_.mx("example.com", 10, "mail.example.com").mx("example.com", 20, "backup.far.example");
  resolver_.txt("example.com", "v=spf1 ip4:192.0.2.0/24 -all");
  resolver_.txt("example.com", "google-site-verification=x");
  resolver_.txt("_dmarc.example.com", "v=DMARC1; p=reject; rua=mailto:reports@far.example");
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(PublishedRecords, SeeMailThatGoesAstray) {
  publish({"example.com"});
  resolver_.mx("example.com", 10, "old.far.example").txt("example.com", "v=spf1 mx ~all");
  EXPECT_THAT(said(), ElementsAre("example.com. MX: mail goes to old.far.example and not to "
                                  "mail.example.com"));
}

TEST_F(PublishedRecords, SeeSpfThatShutsTheHostOut) {
  publish({"example.com"});
  resolver_.mx("example.com", 10, "mail.example.com");
  resolver_.txt("example.com", "v=spf1 ip4:198.51.100.1 -all");
  EXPECT_THAT(said(), ElementsAre(StartsWith("example.com. TXT: SPF says fail for 192.0.2.1, an "
                                             "address of mail.example.com: ")));
  resolver_.txt("example.com", "v=spf1 mx -all");
  EXPECT_THAT(said(), ElementsAre(StartsWith("example.com. TXT: there are 2 SPF records")));
}

TEST_F(PublishedRecords, SeeKeysThatAreNotThoseThatSign) {
  const std::string name = "s1._domainkey.example.com";
  publish({name});
  const auto difference = [&](const std::string& text) {
    test::FakeResolver other;
    other.txt(name, text);
    const std::vector<ZoneRecord> wanted = {{name + ".", "TXT", "", key_}};
    const auto found = differences(other, clock_, wanted);
    return found.empty() ? std::string() : found[0].sentence;
  };
  EXPECT_EQ(difference(key_), "");
  EXPECT_EQ(difference("k=ed25519; p=" + key_.substr(key_.find("p=") + 2) + "; t=y"), "")
      << "the same key in other words";
  EXPECT_EQ(difference(dkim::PrivateKey::generate(dkim::KeyType::Ed25519).record()),
            "another key is published");
  EXPECT_EQ(difference("v=DKIM1; p="), "the key is revoked (p= is empty)");
  EXPECT_THAT(difference("v=DKIM1; k=dsa; p=x"), StartsWith("no key can be read: "));
  EXPECT_EQ(difference(key_ + "; s=web"), "s= or h= shuts this use of the key out");
}

TEST_F(PublishedRecords, SeeServicesThatAreElsewhere) {
  publish({"_imaps._tcp.example.com"});
  resolver_.record("_imaps._tcp.example.com", dns::Type::Srv, wire("0 1 993 old.far.example."));
  EXPECT_THAT(said(), ElementsAre("_imaps._tcp.example.com. SRV: mail programs are sent to "
                                  "old.far.example port 993 and not to mail.example.com port 993"));
}

TEST_F(PublishedRecords, SeeDaneThatNamesAnotherKey) {
  publish({"_25._tcp.mail.example.com"});
  resolver_.tlsa("_25._tcp.mail.example.com", 3, 1, 1, std::string(32, 'x'));
  EXPECT_THAT(said(), ElementsAre(HasSubstr("DANE names other keys than this server's")));
  resolver_.tlsa("_25._tcp.mail.example.com", 3, 1, 1, kHash);
  EXPECT_THAT(said(), IsEmpty()) << "one of them is enough";
}

TEST_F(PublishedRecords, TellSilenceFromAnAnswer) {
  publish();
  resolver_.fail("_dmarc.example.com", dns::Type::Txt);
  const auto found = differences(resolver_, clock_, wanted_);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].is_unknown);
  EXPECT_THAT(found[0].sentence, HasSubstr("the DNS does not answer for it now"));
}

}  // namespace
}  // namespace waxwing
