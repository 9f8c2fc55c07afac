#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "daemon/tls_client.h"
#include "protocols/smtp/intake.h"
#include "storage/tls_sessions.h"

namespace waxwing {

// A server that takes mail for a destination.
struct OutboundHost {
  std::string name;
  std::uint16_t port = 25;
  std::vector<IpAddress> addresses;
  std::string socket = {};  // the path of its Unix socket; then the address is 127.0.0.1
  bool lmtp = false;        // it speaks LMTP
  TlsDemand tls;
  std::shared_ptr<const TlsPolicy> policy;  // what reports name; null: nobody is told
  bool is_outside = false;                  // the policy does not name it, and is for testing only
  bool tls_first = false;
  std::string user, password;   // to sign in with; empty: nobody is signed in
  bool clear_password = false;  // it may go without TLS: the host is on this machine
};

// Where a destination's mail goes, best first.
struct OutboundRoute {
  std::vector<OutboundHost> hosts;  // none: see `trouble`
  // Why nothing can be delivered: 5xx for ever, 4xx for now.
  smtp::Reply trouble{0, "", ""};
  std::chrono::seconds lifetime{300};  // how long this holds
  std::vector<TlsSession> faults;      // of policies and of hosts that are not in the list
};

// Finds the servers of a destination: relays of the configuration, or what the DNS says.
// Loop thread of the Outbound only; `found` may be called on any thread, once.
class OutboundRouter {
 public:
  virtual ~OutboundRouter() = default;
  virtual void find(const std::string& destination, std::function<void(OutboundRoute)> found) = 0;
};

}  // namespace waxwing
