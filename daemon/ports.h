#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "config/settings.h"

namespace waxwing {

// A socket that clients can connect to.
struct BoundPort {
  Fd socket;
  std::string address;       // as bound: "0.0.0.0"
  std::uint16_t number = 0;  // as bound: with port_offset
  Settings::Listener listener;
  bool inherited = false;  // from systemd
};

// Sockets that systemd opened for us (LISTEN_FDS), matched to the settings by their port. Empty
// without socket activation; the variables are forgotten, so that no child sees them.
std::vector<BoundPort> inherited_ports(const Settings& settings);

// What no socket has to be opened for: services that this version does not have.
Outcome check_services(const Settings& settings);

// Binds what the settings say and `have` does not hold yet, and gives back only the new ones.
// A machine without IPv6 gets a warning, when the addresses are the default ones. Errors name the
// port and what to do.
Result<std::vector<BoundPort>> bind_ports(const Settings& settings,
                                          const std::vector<const BoundPort*>& have);

}  // namespace waxwing
