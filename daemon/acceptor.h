#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/ip.h"
#include "daemon/loop.h"
#include "daemon/ports.h"

namespace waxwing {

// Takes the connections that come to one port. Loop thread only.
class Acceptor {
 public:
  struct Guest {
    Fd socket;  // non-blocking, TCP_NODELAY
    IpAddress address, local_address;
    std::uint16_t port = 0;
    std::optional<std::uint32_t> user_id;  // of a Unix socket; then the addresses are 127.0.0.1
  };
  using Welcome = std::function<void(const BoundPort&, Guest)>;

  Acceptor(Loop& loop, BoundPort port, Welcome welcome);

  const BoundPort& port() const { return port_; }
  // For connections that come from now on.
  void change(const Settings::Listener& listener) { port_.listener = listener; }

 private:
  void accept_some();
  void rest(int error);

  BoundPort port_;
  Welcome welcome_;
  Event readable_, rested_;
};

}  // namespace waxwing
