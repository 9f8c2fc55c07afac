#include "daemon/mail_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waxwing {
namespace {

using dns::MailExchange;
using testing::ElementsAre;
using Level = TlsDemand::Level;

Settings settings() {
  Settings made;
  made.hostname = "mail.example.test";
  return made;
}

dns::MailHost host(const std::string& name, std::uint16_t preference, std::uint8_t last) {
  dns::MailHost made;
  made.name = name;
  made.preference = preference;
  made.addresses = {IpAddress::v4({198, 51, 100, last})};
  return made;
}

MailExchange exchange(std::vector<dns::MailHost> hosts) {
  MailExchange made;
  made.status = MailExchange::Status::Found;
  made.domain = "far.example";
  made.hosts = std::move(hosts);
  return made;
}

std::vector<std::string> names(const OutboundRoute& route) {
  std::vector<std::string> all;
  for (const auto& each : route.hosts) all.push_back(each.name);
  return all;
}

// Without a policy of the domain's own, and without a wish of the message.
OutboundRoute route_by_exchange(const Settings& settings, const MailExchange& exchange) {
  return waxwing::route_by_exchange(settings, exchange, {}, TlsWish::Usual);
}

TEST(NextHop, IsTheDomainWhateverTheAddressLooksLike) {
  EXPECT_EQ(next_hop(settings(), "a@Far.Example"), "far.example");
  EXPECT_EQ(next_hop(settings(), "\"a@b\"@far.example"), "far.example");
  EXPECT_EQ(next_hop(settings(), "a@m\u00fcnchen.example"), "xn--mnchen-3ya.example");
  EXPECT_EQ(next_hop(settings(), "a@[192.0.2.1]"), "[192.0.2.1]");
}

TEST(NextHop, KnowsRelaysThatSpeakLmtp) {
  Settings with = settings();
  with.relay = {{.host = "store.lan", .port = 24, .domains = {"far.example"}, .lmtp = true},
                {.domains = {"near.example"}, .lmtp = true, .socket = "/run/store/lmtp"}};
  EXPECT_EQ(next_hop(with, "a@far.example"), "relay:lmtp:store.lan:24");
  EXPECT_EQ(next_hop(with, "a@near.example"), "relay:unix:/run/store/lmtp");
}

TEST(NextHop, TakesForAnotherWhatARelayAccepts) {
  Settings with = settings();
  with.relay = {{.host = "store.lan", .domains = {"far.example"}, .accept = true},
                {.host = "smart.lan", .domains = {"near.example"}}};
  EXPECT_TRUE(is_taken_for_another(with, "a@Far.example"));
  EXPECT_FALSE(is_taken_for_another(with, "a@near.example"));
  EXPECT_FALSE(is_taken_for_another(with, "a@sub.far.example"));
  EXPECT_FALSE(is_taken_for_another(with, "far.example"));
}

TEST(NextHop, IsTheFirstRelayThatFits) {
  Settings with = settings();
  with.relay = {{.host = "one.example", .port = 25, .domains = {"far.example"}},
                {.host = "smart.example", .port = 587}};
  with.queue.hold = {"held.example"};
  EXPECT_EQ(next_hop(with, "a@far.example"), "relay:one.example:25");
  EXPECT_EQ(next_hop(with, "a@other.example"), "relay:smart.example:587");
  EXPECT_EQ(next_hop(with, "a@held.example"), "held.example") << "it would be held with the relay";
}

TEST(RouteByExchange, SaysWhatIsForEverAndWhatIsForNow) {
  for (const auto& [status, code] :
       std::vector<std::pair<MailExchange::Status, int>>{{MailExchange::Status::NoDomain, 550},
                                                         {MailExchange::Status::NoHosts, 550},
                                                         {MailExchange::Status::NullMx, 556},
                                                         {MailExchange::Status::Failed, 0}}) {
    auto none = exchange({});
    none.status = status;
    none.sentence = "why";
    const auto route = route_by_exchange(settings(), none);
    EXPECT_TRUE(route.hosts.empty());
    EXPECT_EQ(route.trouble.code, code);
    EXPECT_EQ(route.trouble.enhanced, dns::status_code(status));
  }
}

TEST(RouteByExchange, GivesNothingToServersThatWouldGiveItToUs) {
  const auto route = route_by_exchange(
      settings(), exchange({host("first.example", 10, 1), host("mail.example.test", 20, 2),
                            host("equal.example", 20, 3), host("last.example", 30, 4)}));
  EXPECT_THAT(names(route), ElementsAre("first.example"));
}

TEST(RouteByExchange, KnowsADomainThatLeadsToItself) {
  const auto by_name = route_by_exchange(settings(), exchange({host("mail.example.test", 10, 1)}));
  EXPECT_EQ(by_name.trouble.enhanced, "5.4.6");
  auto loopback = host("elsewhere.example", 10, 1);
  loopback.addresses = {IpAddress::v4({127, 0, 0, 1}), IpAddress::v4({0, 0, 0, 0})};
  const auto by_address = route_by_exchange(settings(), exchange({loopback}));
  EXPECT_EQ(by_address.trouble.enhanced, "5.4.6");
  // Another port of this machine is another server.
  Settings other = settings();
  other.outbound.port = 2500;
  EXPECT_THAT(names(route_by_exchange(other, exchange({loopback}))),
              ElementsAre("elsewhere.example"));
}

TEST(RouteByExchange, DemandsWhatTheDnsProves) {
  auto plain = host("plain.example", 10, 1), proved = host("proved.example", 10, 2),
       odd = host("odd.example", 10, 3), unknown = host("unknown.example", 10, 4);
  proved.dane = dns::Dane::Usable;
  proved.tlsa = {{3, 1, 1, "digest"}};
  proved.tlsa_base = "proved.example";
  odd.dane = dns::Dane::Unusable;
  unknown.dane = dns::Dane::Failed;
  const auto route = route_by_exchange(settings(), exchange({plain, proved, odd, unknown}));
  ASSERT_THAT(names(route), ElementsAre("plain.example", "proved.example", "odd.example"));
  EXPECT_EQ(route.hosts[0].tls.level, Level::May);
  EXPECT_EQ(route.hosts[1].tls.level, Level::Dane);
  EXPECT_EQ(route.hosts[1].tls.records.at(0).data, "digest");
  EXPECT_EQ(route.hosts[2].tls.level, Level::Encrypt);
}

TEST(RouteByExchange, FollowsThePolicyOfTheConfiguration) {
  Settings with = settings();
  with.tls_policy = {{"far.example", Settings::TlsPolicy::Verify},
                     {"*", Settings::TlsPolicy::None}};
  const auto route = route_by_exchange(with, exchange({host("mx.example", 10, 1)}));
  EXPECT_EQ(route.hosts.at(0).tls.level, Level::Verify);
  EXPECT_THAT(route.hosts[0].tls.names, ElementsAre("mx.example"));
  auto other = exchange({host("mx.example", 10, 1)});
  other.domain = "other.example";
  EXPECT_EQ(route_by_exchange(with, other).hosts.at(0).tls.level, Level::None);
  with.tls_policy = {{"far.example", Settings::TlsPolicy::Dane}};
  const auto waits = route_by_exchange(with, exchange({host("mx.example", 10, 1)}));
  EXPECT_TRUE(waits.hosts.empty());
  EXPECT_EQ(waits.trouble.code, 0) << "it may be proved later";
}

}  // namespace
}  // namespace waxwing
