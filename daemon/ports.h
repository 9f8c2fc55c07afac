#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "config/settings.h"
#include "daemon/unix_socket.h"

namespace waxwing {

// A socket that clients can connect to.
struct BoundPort {
  Fd socket;
  std::string address;       // as bound: "0.0.0.0"
  std::uint16_t number = 0;  // as bound: with port_offset
  Settings::Listener listener;
  bool inherited = false;  // from systemd
  std::string path = {};   // of a Unix socket, which has neither address nor number
  SocketFile file = {};    // that name, where it is ours to remove
};

// Where local programs hand in mail (`waxwing sendmail`), unless systemd names another folder.
inline constexpr const char* kSubmitSocket = "/run/waxwing/submit.sock";

// A Unix socket that clients can connect to.
struct WantedSocket {
  std::string path;
  Settings::Listener::Service service;
  mode_t mode;
  bool is_demanded;  // by the configuration: without it there is no start
};
std::vector<WantedSocket> wanted_sockets(const Settings& settings);

// Sockets that systemd opened for us (LISTEN_FDS), matched to the settings by port or path. Empty
// without socket activation; the variables are forgotten, so that no child sees them.
std::vector<BoundPort> inherited_ports(const Settings& settings);

// What no socket has to be opened for: services that this version does not have.
Outcome check_services(const Settings& settings);

// Binds what the settings say and `have` does not hold yet, and gives back only the new ones.
// A machine without IPv6 gets a warning, when the addresses are the default ones. Errors name the
// port and what to do.
Result<std::vector<BoundPort>> bind_ports(const Settings& settings,
                                          const std::vector<const BoundPort*>& have);

// The same for Unix sockets, which become the property of `owner` where there is one. One that is
// not demanded is left out where it cannot be made, and the log says so.
Result<std::vector<BoundPort>> bind_sockets(const Settings& settings,
                                            const std::vector<const BoundPort*>& have,
                                            const std::optional<ServiceUser>& owner);

}  // namespace waxwing
