#include "daemon/acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace waxwing {

namespace {

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
};

Endpoint endpoint(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
    return {IpAddress::v6(bytes), ntohs(v6->sin6_port)};
  }
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
  std::array<std::uint8_t, 4> bytes;
  std::memcpy(bytes.data(), &v4->sin_addr, bytes.size());
  return {IpAddress::v4(bytes), ntohs(v4->sin_port)};
}

}  // namespace

Acceptor::Acceptor(Loop& loop, BoundPort port, Welcome welcome)
    : port_(std::move(port)),
      welcome_(std::move(welcome)),
      readable_(loop, Event::Kind::Readable, port_.socket.get(), [this] { accept_some(); }),
      rested_(loop, [this] { readable_.add(); }) {
  readable_.add();
}

void Acceptor::accept_some() {
  for (int i = 0; i < 64; ++i) {  // then other ports and timers get their turn
    sockaddr_storage remote{};
    socklen_t size = sizeof remote;
    Fd socket(accept4(port_.socket.get(), reinterpret_cast<sockaddr*>(&remote), &size,
                      SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      // accept(2): errors of the new connection itself come out here as well.
      if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == ENETDOWN ||
          errno == EHOSTDOWN || errno == EHOSTUNREACH || errno == ENETUNREACH || errno == EPERM)
        continue;
      return rest(errno);
    }
    if (remote.ss_family == AF_UNIX) {
      const IpAddress here = IpAddress::v4({127, 0, 0, 1});
      // Whom the kernel does not know is nobody in particular.
      const auto user = user_of(socket).value_or(static_cast<uid_t>(-1));
      welcome_(port_, {std::move(socket), here, here, 0, user});
      continue;
    }
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    sockaddr_storage local{};
    size = sizeof local;
    getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local), &size);
    const Endpoint from = endpoint(remote);
    welcome_(port_, {std::move(socket), from.address, endpoint(local).address, from.port, {}});
  }
}

// Out of descriptors or memory: the connection stays in the backlog, and the port stays readable.
// Asking again at once would keep a processor busy until something is closed.
void Acceptor::rest(int error) {
  log.error("accept-failed",
            {{"port", port_.number}, {"path", port_.path}, {"error", std::strerror(error)}});
  readable_.remove();
  rested_.add(std::chrono::milliseconds(250));
}

}  // namespace waxwing
