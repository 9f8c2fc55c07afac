#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "config/settings.h"
#include "daemon/lanes.h"
#include "daemon/outbound_hosts.h"
#include "protocols/dns/mail_exchange.h"

namespace waxwing {

// The name of the next hop for an address, which Queue and Outbound know destinations by: the
// domain in A-labels, or "relay:HOST:PORT". Pure.
std::string next_hop(const Settings& settings, const std::string& address);

// The OutboundRouter of this program.
class MailRouter final : public OutboundRouter {
 public:
  // They outlive it, and all that it asked them.
  MailRouter(std::shared_ptr<const Settings> settings, dns::Resolver& resolver, Lanes& lanes);
  // Any thread.
  void use(std::shared_ptr<const Settings> settings);

  void find(const std::string& destination, std::function<void(OutboundRoute)> found) override;

 private:
  std::shared_ptr<const Settings> settings() const;

  dns::Resolver& resolver_;
  Lanes& lanes_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;
};

// What the hosts that the DNS named have to prove, and without those that are this server itself.
OutboundRoute route_by_exchange(const Settings& settings, const dns::MailExchange& exchange);

}  // namespace waxwing
