#include "config/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> trusting(const char* network) {
  Settings settings;
  settings.trusted_networks = {*IpNetwork::parse(network)};
  return advice_on(settings);
}

TEST(Advice, WarnsOfNetworksOfStrangers) {
  for (const char* network : {"0.0.0.0/0", "::/0", "0.0.0.0/1", "8.0.0.0/8", "10.0.0.0/7",
                              "192.0.0.0/8", "172.0.0.0/8", "2000::/3", "2001:db8::/31"})
    EXPECT_THAT(trusting(network), ElementsAre(HasSubstr(std::string(network) + " are addresses")))
        << network;
  for (const char* network :
       {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "192.0.2.0/24",
        "198.51.0.0/16", "192.0.2.1", "fc00::/7", "fe80::/10", "2001:db8::/32", "::1"})
    EXPECT_THAT(trusting(network), IsEmpty()) << network;
}

TEST(Advice, WarnsOfAnAcceptingRelayThatAnotherStandsBefore) {
  Settings settings;
  settings.relay = {{.host = "smart.lan"},
                    {.host = "store.lan", .domains = {"far.example"}, .accept = true}};
  EXPECT_THAT(advice_on(settings),
              ElementsAre(HasSubstr("mail for far.example is taken from everybody")));
  std::swap(settings.relay[0], settings.relay[1]);
  EXPECT_THAT(advice_on(settings), IsEmpty());
}

}  // namespace
}  // namespace waxwing
