#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "config/settings.h"
#include "daemon/lanes.h"
#include "daemon/outbound_hosts.h"
#include "daemon/sts_policies.h"
#include "daemon/tls_demands.h"
#include "protocols/dns/mail_exchange.h"

namespace waxwing {

// The name of the next hop for an address, which Queue and Outbound know destinations by: the
// domain in A-labels, or "relay:HOST:PORT", "relay:lmtp:HOST:PORT", "relay:unix:PATH". Pure.
std::string next_hop(const Settings& settings, const std::string& address);

// Everybody's mail for this address is taken, since a relay has its domain with `accept`. Pure.
bool is_taken_for_another(const Settings& settings, const std::string& address);

// The OutboundRouter of this program.
class MailRouter final : public OutboundRouter {
 public:
  // They outlive it, and all that it asked them.
  MailRouter(std::shared_ptr<const Settings> settings, dns::Resolver& resolver,
             StsPolicies& policies, Lanes& lanes);
  // Any thread.
  void use(std::shared_ptr<const Settings> settings);

  void find(const std::string& destination, std::function<void(OutboundRoute)> found) override;

 private:
  void find_exchange(std::shared_ptr<const Settings> settings, const std::string& domain,
                     TlsWish wish, std::function<void(OutboundRoute)> found);
  std::shared_ptr<const Settings> settings() const;

  dns::Resolver& resolver_;
  StsPolicies& policies_;
  Lanes& lanes_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;
};

// The hosts that the DNS named with what they have to prove (tls_demands.h), without those that are
// this server itself. Pure, but for the addresses of this machine.
OutboundRoute route_by_exchange(const Settings& settings, const dns::MailExchange& exchange,
                                const StsPolicies::Found& sts, TlsWish wish = TlsWish::Usual);

}  // namespace waxwing
