// What the DNS says of the certificates of mail hosts: RFC 7672 sections 2 and 3.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocols/dns/mail_exchange.h"
#include "tests/dns/fake_resolver.h"

namespace waxwing::dns {
namespace {

using test::FakeResolver;
using testing::ElementsAre;
using testing::IsEmpty;
using Status = MailExchange::Status;

const std::string kSha256(32, 'x');
const std::string kSha512(64, 'y');

MailExchange exchange_at(FakeResolver& dns, std::string_view domain, std::uint16_t port = 25) {
  MailExchange result;
  find_mail_exchange(dns, domain, {port, nullptr},
                     [&](MailExchange found) { result = std::move(found); });
  return result;
}

// The first host of example.test.
MailHost host_of(FakeResolver& dns) {
  auto found = exchange_at(dns, "example.test");
  EXPECT_EQ(found.status, Status::Found) << found.sentence;
  return found.hosts.empty() ? MailHost{} : found.hosts[0];
}

// example.test with one host in another zone; the test signs what it wants signed.
void fill(FakeResolver& dns) {
  dns.mx("example.test", 10, "mx.host.test").a("mx.host.test", "192.0.2.1");
}

TEST(Dane, SignedRecordsAreUsed) {
  FakeResolver dns;
  fill(dns);
  dns.sign("example.test").sign("host.test");
  dns.tlsa("_25._tcp.mx.host.test", 3, 1, 1, kSha256)
      .tlsa("_25._tcp.mx.host.test", 2, 0, 2, kSha512);
  const auto found = exchange_at(dns, "example.test");
  EXPECT_TRUE(found.is_secure);
  ASSERT_EQ(found.hosts.size(), 1u);
  EXPECT_TRUE(found.hosts[0].is_secure);
  EXPECT_EQ(found.hosts[0].dane, Dane::Usable);
  EXPECT_THAT(found.hosts[0].tlsa, ElementsAre(Tlsa{3, 1, 1, kSha256}, Tlsa{2, 0, 2, kSha512}));
  EXPECT_EQ(found.hosts[0].tlsa_base, "mx.host.test");
}

TEST(Dane, AsksForThePortThatIsUsed) {
  FakeResolver dns;
  fill(dns);
  dns.sign("test").tlsa("_2525._tcp.mx.host.test", 3, 1, 1, kSha256);
  EXPECT_EQ(exchange_at(dns, "example.test", 2525).hosts.at(0).dane, Dane::Usable);
  EXPECT_EQ(exchange_at(dns, "example.test", 25).hosts.at(0).dane, Dane::None);
}

TEST(Dane, NothingIsAskedOfUnsignedZones) {
  for (const char* is_signed : {"example.test", "host.test", "elsewhere.test"}) {
    FakeResolver dns;
    fill(dns);
    dns.sign(is_signed).fail("_25._tcp.mx.host.test", Type::Tlsa);
    EXPECT_EQ(host_of(dns).dane, Dane::None) << is_signed;
    EXPECT_EQ(dns.count("_25._tcp.mx.host.test", Type::Tlsa), 0u) << is_signed;
  }
}

TEST(Dane, RecordsThatAreNotSignedDoNotCount) {
  FakeResolver dns;
  fill(dns);
  dns.sign("example.test").sign("host.test");
  dns.cname("_25._tcp.mx.host.test", "tlsa.unsigned.test")
      .tlsa("tlsa.unsigned.test", 3, 1, 1, kSha256);
  EXPECT_EQ(host_of(dns).dane, Dane::None);
}

TEST(Dane, BothAddressFamiliesMustBeSigned) {
  FakeResolver dns;
  fill(dns);
  dns.sign("test").tlsa("_25._tcp.mx.host.test", 3, 1, 1, kSha256);
  Answer six{Answer::Status::Found, false, "mx.host.test", {std::string(16, '\1')}};
  dns.set("mx.host.test", Type::Aaaa, six);
  EXPECT_EQ(host_of(dns).dane, Dane::None);
  six.is_secure = true;
  dns.set("mx.host.test", Type::Aaaa, six);
  EXPECT_EQ(host_of(dns).dane, Dane::Usable);
}

TEST(Dane, ImplicitHostsHaveItToo) {
  FakeResolver dns;
  dns.a("example.test", "192.0.2.1").sign("example.test");
  dns.tlsa("_25._tcp.example.test", 3, 1, 1, kSha256);
  const auto found = exchange_at(dns, "example.test");
  EXPECT_TRUE(found.is_implicit);
  EXPECT_TRUE(found.is_secure) << "that there is no MX is proved";
  EXPECT_EQ(found.hosts.at(0).dane, Dane::Usable);
}

// RFC 7672 section 3.1.3: the usages of public authorities are not for SMTP; RFC 6698
// section 2.1.3.
TEST(Dane, RecordsThatNobodyCanUseStillRequireTls) {
  const Tlsa unusable[] = {{0, 0, 1, kSha256}, {1, 1, 1, kSha256}, {4, 1, 1, kSha256},
                           {255, 0, 0, "x"},   {3, 2, 1, kSha256}, {3, 1, 3, kSha256},
                           {3, 1, 1, kSha512}, {3, 1, 2, kSha256}, {2, 0, 1, "short"}};
  for (const Tlsa& tlsa : unusable) {
    FakeResolver dns;
    fill(dns);
    dns.sign("test");
    dns.tlsa("_25._tcp.mx.host.test", tlsa.usage, tlsa.selector, tlsa.matching, tlsa.data);
    const auto host = host_of(dns);
    EXPECT_EQ(host.dane, Dane::Unusable)
        << int{tlsa.usage} << int{tlsa.selector} << int{tlsa.matching};
    EXPECT_THAT(host.tlsa, IsEmpty());
  }
  FakeResolver dns;
  fill(dns);
  dns.sign("test").record("_25._tcp.mx.host.test", Type::Tlsa, "\3\1\1");
  EXPECT_EQ(host_of(dns).dane, Dane::Unusable) << "cut off";
}

TEST(Dane, OneUsableRecordIsEnough) {
  FakeResolver dns;
  fill(dns);
  dns.sign("test").tlsa("_25._tcp.mx.host.test", 1, 1, 1, kSha256);
  dns.tlsa("_25._tcp.mx.host.test", 3, 0, 0, "a whole certificate");
  const auto host = host_of(dns);
  EXPECT_EQ(host.dane, Dane::Usable);
  EXPECT_THAT(host.tlsa, ElementsAre(Tlsa{3, 0, 0, "a whole certificate"}));
}

TEST(Dane, AHostWhoseRecordsNobodyTellsIsPassedOver) {
  FakeResolver dns;
  fill(dns);
  dns.mx("example.test", 20, "mx2.host.test").a("mx2.host.test", "192.0.2.2").sign("test");
  dns.fail("_25._tcp.mx.host.test", Type::Tlsa, "bogus");
  const auto found = exchange_at(dns, "example.test");
  EXPECT_EQ(found.status, Status::Found);
  ASSERT_EQ(found.hosts.size(), 2u);
  EXPECT_EQ(found.hosts[0].dane, Dane::Failed);
  EXPECT_EQ(found.hosts[1].dane, Dane::None);
  EXPECT_THAT(found.notes, ElementsAre("the TLSA records of mx.host.test: bogus"));

  dns.fail("_25._tcp.mx2.host.test", Type::Tlsa, "bogus");
  const auto none = exchange_at(dns, "example.test");
  EXPECT_EQ(none.status, Status::Failed) << "no host is left";
  EXPECT_EQ(none.sentence,
            "The DNS does not say for now where mail for example.test goes: mx.host.test: bogus.");
}

// ---- hosts that are aliases: section 2.2.2 ----------------------------------------------------

void fill_alias(FakeResolver& dns) {
  dns.mx("example.test", 10, "mx.host.test").cname("mx.host.test", "real.provider.test");
  dns.a("real.provider.test", "192.0.2.1").sign("example.test");
}

TEST(Dane, OfASecureAliasTheExpandedNameComesFirst) {
  FakeResolver dns;
  fill_alias(dns);
  dns.sign("host.test").sign("provider.test");
  dns.tlsa("_25._tcp.real.provider.test", 3, 1, 1, kSha256);
  dns.tlsa("_25._tcp.mx.host.test", 3, 1, 2, kSha512);
  const auto host = host_of(dns);
  EXPECT_EQ(host.name, "mx.host.test");
  EXPECT_EQ(host.tlsa_base, "real.provider.test");
  EXPECT_THAT(host.tlsa, ElementsAre(Tlsa{3, 1, 1, kSha256}));
  EXPECT_EQ(dns.count("_25._tcp.mx.host.test", Type::Tlsa), 0u);
}

TEST(Dane, OfASecureAliasTheNameItselfComesSecond) {
  FakeResolver dns;
  fill_alias(dns);
  dns.sign("host.test").sign("provider.test").tlsa("_25._tcp.mx.host.test", 3, 1, 1, kSha256);
  const auto host = host_of(dns);
  EXPECT_EQ(host.dane, Dane::Usable);
  EXPECT_EQ(host.tlsa_base, "mx.host.test");
}

TEST(Dane, UnusableRecordsOfTheExpandedNameAreTheLastWord) {
  FakeResolver dns;
  fill_alias(dns);
  dns.sign("host.test").sign("provider.test").tlsa("_25._tcp.mx.host.test", 3, 1, 1, kSha256);
  dns.tlsa("_25._tcp.real.provider.test", 0, 1, 1, kSha256);
  EXPECT_EQ(host_of(dns).dane, Dane::Unusable);
}

TEST(Dane, TroubleWithEitherNameIsTrouble) {
  for (const char* broken : {"_25._tcp.real.provider.test", "_25._tcp.mx.host.test"}) {
    FakeResolver dns;
    fill_alias(dns);
    dns.sign("host.test").sign("provider.test").fail(broken, Type::Tlsa, "bogus");
    EXPECT_EQ(exchange_at(dns, "example.test").status, Status::Failed) << broken;
  }
}

TEST(Dane, OfAnAliasIntoAnUnsignedZoneTheNameItselfCounts) {
  FakeResolver dns;
  fill_alias(dns);
  dns.sign("host.test").tlsa("_25._tcp.mx.host.test", 3, 1, 1, kSha256);
  dns.tlsa("_25._tcp.real.provider.test", 3, 1, 2, kSha512);
  const auto host = host_of(dns);
  EXPECT_FALSE(host.is_secure);
  EXPECT_EQ(host.dane, Dane::Usable);
  EXPECT_EQ(host.tlsa_base, "mx.host.test");
  EXPECT_EQ(dns.count("_25._tcp.real.provider.test", Type::Tlsa), 0u);
}

TEST(Dane, AnAliasInAnUnsignedZoneHasNone) {
  FakeResolver dns;
  fill_alias(dns);
  dns.tlsa("_25._tcp.mx.host.test", 3, 1, 1, kSha256);
  EXPECT_EQ(host_of(dns).dane, Dane::None);
  EXPECT_EQ(dns.count("mx.host.test", Type::Cname), 1u);
  EXPECT_EQ(dns.count("_25._tcp.mx.host.test", Type::Tlsa), 0u);

  dns.fail("mx.host.test", Type::Cname, "bogus");
  EXPECT_EQ(exchange_at(dns, "example.test").status, Status::Failed);
}

}  // namespace
}  // namespace waxwing::dns
