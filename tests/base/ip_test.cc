#include "base/ip.h"

#include <gtest/gtest.h>

namespace waxwing {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(IpAddress, ParsesAndPrints) {
  for (const char* text : {"192.0.2.1", "::", "::1", "2001:db8::1", "fe80::1"}) {
    EXPECT_EQ(ip(text).to_string(), text);
  }
  EXPECT_EQ(ip("2001:DB8:0:0:0:0:0:1").to_string(), "2001:db8::1");
}

TEST(IpAddress, RefusesWhatIsNone) {
  for (const std::string_view wrong :
       {"", "1.2.3", "1.2.3.256", "1.2.3.4 ", "[::1]", "::1%eth0", "1:2", "localhost"}) {
    EXPECT_EQ(IpAddress::parse(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(IpAddress::parse(std::string_view("127.0.0.1\0.evil", 14)), std::nullopt);
}

TEST(IpAddress, MappedIsTheIpv4Address) {
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  EXPECT_TRUE(ip("::ffff:127.0.0.1").is_loopback());
  EXPECT_EQ(ip("::ffff:192.0.2.1").bytes().size(), 4u);
}

TEST(IpAddress, KnowsLoopbackAndPrivateNets) {
  for (const char* text : {"127.0.0.1", "127.3.2.1", "::1"}) {
    EXPECT_TRUE(ip(text).is_loopback()) << text;
    EXPECT_TRUE(ip(text).is_private()) << text;
  }
  for (const char* text : {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
                           "fc00::1", "fd12::1", "fe80::1", "febf::1"}) {
    EXPECT_TRUE(ip(text).is_private()) << text;
    EXPECT_FALSE(ip(text).is_loopback()) << text;
  }
  for (const char* text : {"172.32.0.1", "192.0.2.1", "11.0.0.1", "2001:db8::1", "fec0::1"}) {
    EXPECT_FALSE(ip(text).is_private()) << text;
  }
}

TEST(IpAddress, LiteralsAsInSmtp) {
  EXPECT_EQ(ip("192.0.2.1").to_literal(), "[192.0.2.1]");
  EXPECT_EQ(ip("2001:db8::1").to_literal(), "[IPv6:2001:db8::1]");
}

TEST(IpNetwork, HoldsTheAddressesOfItsPrefix) {
  const auto net = IpNetwork::parse("192.0.2.64/26");
  ASSERT_TRUE(net);
  EXPECT_TRUE(net->contains(ip("192.0.2.64")));
  EXPECT_TRUE(net->contains(ip("::ffff:192.0.2.127")));
  EXPECT_FALSE(net->contains(ip("192.0.2.128")));
  EXPECT_FALSE(net->contains(ip("192.0.2.63")));
  EXPECT_FALSE(net->contains(ip("2001:db8::1")));
  EXPECT_TRUE(IpNetwork::parse("2001:db8::/33")->contains(ip("2001:db8:7fff::1")));
  EXPECT_FALSE(IpNetwork::parse("2001:db8::/33")->contains(ip("2001:db8:8000::1")));
  EXPECT_TRUE(IpNetwork::parse("0.0.0.0/0")->contains(ip("203.0.113.9")));
  EXPECT_FALSE(IpNetwork::parse("0.0.0.0/0")->contains(ip("::1")));
  EXPECT_EQ(IpNetwork::parse("127.0.0.1")->to_string(), "127.0.0.1/32");
  EXPECT_EQ(IpNetwork::parse("::1")->to_string(), "::1/128");
}

TEST(IpNetwork, RefusesWhatIsNone) {
  for (const auto* text : {"", "/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8 ",
                           "10.0.0.1/8", "::/129", "mail.example/8", "10.0.0.0/8/8"})
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
}

TEST(IpAddress, OneIpv6NetworkIsOneClient) {
  EXPECT_EQ(ip("192.0.2.1").client_key(), "192.0.2.1");
  EXPECT_EQ(ip("2001:db8::1").client_key(), ip("2001:db8::ffff:2").client_key());
  EXPECT_NE(ip("2001:db8::1").client_key(), ip("2001:db8:0:1::1").client_key());
}

}  // namespace
}  // namespace waxwing
