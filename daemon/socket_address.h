#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/ip.h"

namespace waxwing {

// As the system calls take it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port);
// Nothing in it where a path is too long.
SocketAddress socket_address(const std::string& path);

}  // namespace waxwing
