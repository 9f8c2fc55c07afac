#include "daemon/socket_address.h"

#include <netinet/in.h>

#include <cstring>

#include "daemon/unix_socket.h"

namespace waxwing {

SocketAddress socket_address(const std::string& path) {
  SocketAddress result;
  const auto address = unix_address(path);
  if (!address) return result;
  std::memcpy(&result.storage, &*address, sizeof *address);
  result.size = sizeof *address;
  return result;
}

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress result;
  if (address.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
    result.size = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
    result.size = sizeof v6;
  }
  return result;
}

}  // namespace waxwing
