// What comes through balancers: who the client is, who is counted, and who may say so.
#include <gtest/gtest.h>

#include "tests/daemon/client.h"
#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

using S = Settings::Listener::Service;
using T = Settings::Listener::Tls;

const std::string kHeader = "PROXY TCP4 192.0.2.7 198.51.100.1 4000 143\r\n";

void trust(House& house, const char* balancers = "127.0.0.1") {
  house.settings.balancers = {*IpNetwork::parse(balancers)};
}

TEST(Proxy, TheClientIsWhomTheBalancerNames) {
  House house({{143, S::Imap, T::StartTls}, {993, S::Imap, T::Implicit}, {995, S::Pop3, T::Auto}});
  trust(house);
  house.open();
  Client clear(house.bound(143));
  EXPECT_FALSE(clear.hears_within(100)) << "nothing is said before it is known to whom";
  clear.send(kHeader + "PEER\r\n");
  EXPECT_EQ(clear.line(), "hello");
  EXPECT_EQ(clear.line(), "192.0.2.7 offers");
  for (const std::uint16_t port : {993, 995}) {
    Client client(house.bound(port));
    client.send(kHeader);
    ASSERT_TRUE(client.start_tls());
    EXPECT_EQ(client.line(), "hello");
    EXPECT_EQ(client.say("PEER"), "192.0.2.7 plain");
  }
  EXPECT_EQ(house.server().sessions().front().address, "192.0.2.7");
}

TEST(Proxy, StartTlsComesBehindIt) {
  House house({{143, S::Imap, T::StartTls}});
  trust(house);
  house.open();
  Client client(house.bound(143));
  for (const char c : kHeader) client.send({&c, 1});
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(client.say("STARTTLS"), "go");
  ASSERT_TRUE(client.start_tls());
  EXPECT_EQ(client.say("PEER"), "192.0.2.7 offers");
}

TEST(Proxy, ABalancerThatSpeaksForItselfIsItself) {
  House house({{143, S::Imap, T::StartTls}});
  trust(house);
  house.open();
  const std::string local("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
  for (const auto& header : {std::string("PROXY UNKNOWN\r\n"), local}) {
    Client client(house.bound(143));
    client.send(header);
    EXPECT_EQ(client.line(), "hello");
    EXPECT_EQ(client.say("PEER"), "127.0.0.1 offers");
  }
}

TEST(Proxy, ABalancerHasToSayItFirst) {
  House house({{143, S::Imap, T::StartTls}, {993, S::Imap, T::Implicit}});
  trust(house);
  house.open();
  for (const char* said : {"a LOGIN\r\n", "PROXY TCP4 nobody\r\n", "\x16\x03\x01\x02"}) {
    Client client(house.bound(143));
    client.send(said);
    EXPECT_EQ(client.line(), "<closed>") << said;
  }
  Client hasty(house.bound(993));
  EXPECT_FALSE(hasty.start_tls());
  Client cut(house.bound(143));
  cut.send("PROXY TCP4 192.");
  cut.half_close();
  EXPECT_EQ(cut.line(), "<closed>");
  Client probe(house.bound(143));
  probe.half_close();
  EXPECT_EQ(probe.line(), "<closed>");
  house.await_count(0);
}

TEST(Proxy, ASilentBalancerIsSentAwayAfterTheLoginTimeout) {
  House house({{143, S::Imap, T::StartTls}});
  trust(house);
  house.settings.limits.login_timeout = std::chrono::seconds(1);
  house.open();
  Client client(house.bound(143));
  client.send("PROXY TCP4 192.0.2.7 ");
  EXPECT_EQ(client.line(), "<closed>");
  house.await_count(0);
}

TEST(Proxy, FromAnybodyElseItIsWhatItWasBefore) {
  House house({{143, S::Imap, T::StartTls}, {995, S::Pop3, T::Auto}});
  trust(house, "192.0.2.0/24");
  house.open();
  Client clear(house.bound(143));
  EXPECT_EQ(clear.line(), "hello");
  clear.send(kHeader + "PEER\r\n");
  EXPECT_EQ(clear.line(), "you said " + kHeader.substr(0, kHeader.size() - 2));
  EXPECT_EQ(clear.line(), "127.0.0.1 offers");
}

TEST(Proxy, TheLimitOfConnectionsIsThatOfTheNamedClient) {
  House house({{143, S::Imap, T::StartTls}, {993, S::Imap, T::Implicit}});
  trust(house);
  house.settings.limits.connections_per_address = 1;
  house.open();
  const std::string other = "PROXY TCP4 192.0.2.8 198.51.100.1 4000 143\r\n";
  Client one(house.bound(143)), two(house.bound(143)), three(house.bound(143));
  one.send(kHeader);
  EXPECT_EQ(one.line(), "hello");
  two.send(other);
  EXPECT_EQ(two.line(), "hello") << "the balancer itself is not counted";
  three.send(kHeader);
  EXPECT_EQ(three.line(),
            "* BYE [UNAVAILABLE] Too many connections from your address, try again later");
  EXPECT_EQ(three.line(), "<closed>");
  one.send("QUIT\r\n");
  one.await_end();
  house.await_count(1);
  Client again(house.bound(143));
  again.send(kHeader);
  EXPECT_EQ(again.line(), "hello");
}

TEST(Proxy, WhoIsNotNamedYetCountsAmongAll) {
  House house({{143, S::Imap, T::StartTls}});
  trust(house);
  house.settings.limits.connections = 2;
  house.open();
  Client one(house.bound(143)), two(house.bound(143));
  house.await_count(2);
  Client three(house.bound(143));
  EXPECT_EQ(three.line(), "* BYE [UNAVAILABLE] Too many connections, try again later");
  one.half_close();
  house.await_count(1);
}

TEST(Proxy, AReloadChangesTheListForNewConnections) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client before(house.bound(143));
  EXPECT_EQ(before.line(), "hello");
  trust(house);
  house.on_main([&] {
    ASSERT_TRUE(house.server().reload(std::make_shared<const Settings>(house.settings)));
  });
  Client after(house.bound(143));
  after.send(kHeader);
  EXPECT_EQ(after.line(), "hello");
  EXPECT_EQ(after.say("PEER"), "192.0.2.7 offers");
  EXPECT_EQ(before.say("PEER"), "127.0.0.1 offers");
}

}  // namespace
}  // namespace waxwing::test
