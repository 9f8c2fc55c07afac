#include "config/advice.h"

#include <algorithm>

#include "base/text.h"

namespace waxwing {
namespace {

// As many addresses as a large company has: who trusts more of the public ones than that trusts
// strangers.
constexpr unsigned kLargestV4 = 16, kLargestV6 = 32;

// Both ends of it say nothing to the world; no block of private addresses touches another.
bool is_public(const std::string& network) {
  static const std::vector<IpNetwork> kPrivate = [] {
    std::vector<IpNetwork> all;
    for (const char* each : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                             "169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10"})
      all.push_back(*IpNetwork::parse(each));
    return all;
  }();
  const auto slash = network.find('/');
  const auto address = IpAddress::parse(network.substr(0, slash));
  const auto length = parse_number(network.substr(slash + 1));
  if (!address || !length) return true;
  return std::none_of(kPrivate.begin(), kPrivate.end(), [&](const IpNetwork& each) {
    const auto text = each.to_string();
    return each.contains(*address) && *parse_number(text.substr(text.find('/') + 1)) <= *length;
  });
}

bool is_huge(const std::string& network) {
  const auto length = parse_number(network.substr(network.find('/') + 1));
  const bool is_v6 = network.find(':') != std::string::npos;
  return !length || *length < (is_v6 ? kLargestV6 : kLargestV4);
}

void advise_on_trust(const Settings& settings, std::vector<std::string>& advice) {
  for (const auto& network : settings.trusted_networks) {
    const std::string text = network.to_string();
    if (!is_huge(text) || !is_public(text)) continue;
    advice.push_back("trusted_networks: " + text +
                     " are addresses of strangers, who may all send to other servers through this "
                     "one (an open relay); list only your own");
  }
}

// The first relay that fits counts, so a later one with `accept` may never see its domains.
void advise_on_relays(const Settings& settings, std::vector<std::string>& advice) {
  for (const auto& relay : settings.relay) {
    if (!relay.accept) continue;
    for (const auto& domain : relay.domains) {
      const auto first =
          std::find_if(settings.relay.begin(), settings.relay.end(), [&](const auto& each) {
            return each.domains.empty() || std::find(each.domains.begin(), each.domains.end(),
                                                     domain) != each.domains.end();
          });
      if (&*first == &relay) continue;
      advice.push_back("relay: mail for " + domain +
                       " is taken from everybody (accept: true), but goes to another relay, which "
                       "stands before it in the list; put the one with accept first");
    }
  }
}

}  // namespace

std::vector<std::string> advice_on(const Settings& settings) {
  std::vector<std::string> advice;
  advise_on_trust(settings, advice);
  advise_on_relays(settings, advice);
  return advice;
}

}  // namespace waxwing
