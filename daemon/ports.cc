#include "daemon/ports.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/ip.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/socket_address.h"

namespace waxwing {

namespace {

constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START

std::string why_not(int error, const std::string& address, std::uint16_t port) {
  std::string text = "listen: cannot bind port " + std::to_string(port) + " of " + address + ": " +
                     std::strerror(error);
  if (error == EADDRINUSE)
    text += "; another program has it: stop that one, or leave the port out of listen.ports";
  else if (error == EACCES || error == EPERM)
    text +=
        "; ports below 1024 need a start as root, CAP_NET_BIND_SERVICE, or systemd's socket unit: "
        "restart the server that way, or set listen.port_offset";
  else if (error == EADDRNOTAVAIL)
    text += "; this machine does not have that address: correct listen.addresses";
  return text;
}

// Nothing in `socket` when it could not be bound; then errno says why.
Fd bind_one(const IpAddress& address, std::uint16_t port) {
  const int family = address.is_v4() ? AF_INET : AF_INET6;
  Fd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return {};
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // 0.0.0.0 is a socket of its own, so that IPv4 clients come with their own kind of address.
  if (!address.is_v4()) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const SocketAddress where = socket_address(address, port);
  if (bind(socket.get(), where.get(), where.size) != 0 ||
      listen(socket.get(), kListenBacklog) != 0) {
    const int error = errno;
    socket.reset();
    errno = error;
  }
  return socket;
}

// "::" as systemd may open it: IPv4 clients come through it, too.
bool takes_both_kinds(const BoundPort& port) {
  int only_v6 = 1;
  socklen_t size = sizeof only_v6;
  if (port.address != "::") return false;
  getsockopt(port.socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, &size);
  return only_v6 == 0;
}

BoundPort socket_port(const WantedSocket& wanted, Fd socket, bool inherited) {
  BoundPort port;
  port.socket = std::move(socket);
  port.listener = {0, wanted.service, Settings::Listener::Tls::None};
  port.inherited = inherited;
  port.path = wanted.path;
  return port;
}

std::optional<BoundPort> inherited_socket(const Settings& settings, Fd socket,
                                          const sockaddr_storage& storage, socklen_t size) {
  const auto* address = reinterpret_cast<const sockaddr_un*>(&storage);
  const auto room = size - offsetof(sockaddr_un, sun_path);
  const std::string path(address->sun_path, strnlen(address->sun_path, room));
  for (const auto& wanted : wanted_sockets(settings)) {
    if (wanted.path == path) return socket_port(wanted, std::move(socket), true);
  }
  log.warning("socket-unused", {{"path", path},
                                {"advice",
                                 "systemd passes a socket that listen.lmtp_socket does not name: "
                                 "take it out of the socket unit"}});
  return std::nullopt;
}

// The folder that systemd made for us (RuntimeDirectory=), or the one it would be.
std::string submit_socket() {
  const char* folders = std::getenv("RUNTIME_DIRECTORY");
  if (folders == nullptr || *folders == '\0') return kSubmitSocket;
  const std::string_view first(folders);
  return std::string(first.substr(0, first.find(':'))) + "/submit.sock";
}

}  // namespace

std::vector<BoundPort> inherited_ports(const Settings& settings) {
  std::vector<BoundPort> ports;
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (!pid || !count || pid != std::to_string(getpid())) return ports;
  const int end = kFirstInherited + static_cast<int>(parse_number(count, 1000).value_or(0));
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);

  for (int fd = kFirstInherited; fd < end; ++fd) {
    Fd socket(fd);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) continue;
    if (storage.ss_family == AF_UNIX) {
      if (auto port = inherited_socket(settings, std::move(socket), storage, size))
        ports.push_back(std::move(*port));
      continue;
    }
    std::string address;
    std::uint16_t number = 0;
    if (storage.ss_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
      std::array<std::uint8_t, 4> bytes;
      std::memcpy(bytes.data(), &v4->sin_addr, bytes.size());
      address = IpAddress::v4(bytes).to_string();
      number = ntohs(v4->sin_port);
    } else if (storage.ss_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
      std::array<std::uint8_t, 16> bytes;
      std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
      address = IpAddress::v6(bytes).to_string();
      number = ntohs(v6->sin6_port);
    }
    const auto found = std::find_if(
        settings.ports.begin(), settings.ports.end(),
        [&](const auto& listener) { return listener.port + settings.port_offset == number; });
    if (found == settings.ports.end()) {
      log.warning("socket-unused", {{"port", number},
                                    {"advice",
                                     "systemd passes a socket that listen.ports does "
                                     "not name: take it out of the socket unit"}});
      continue;
    }
    ports.push_back({std::move(socket), address, number, *found, true});
  }
  return ports;
}

std::vector<WantedSocket> wanted_sockets(const Settings& settings) {
  using Service = Settings::Listener::Service;
  std::vector<WantedSocket> all;
  if (!settings.lmtp_socket.empty())
    all.push_back({settings.lmtp_socket, Service::Lmtp, 0660, true});
  // Who comes there the kernel says, so everybody may.
  all.push_back({submit_socket(), Service::Smtp, 0666, false});
  return all;
}

Result<std::vector<BoundPort>> bind_sockets(const Settings& settings,
                                            const std::vector<const BoundPort*>& have,
                                            const std::optional<ServiceUser>& owner) {
  std::vector<BoundPort> made;
  for (const auto& wanted : wanted_sockets(settings)) {
    const bool there = std::any_of(have.begin(), have.end(), [&](const BoundPort* bound) {
      return bound->path == wanted.path;
    });
    if (there) continue;
    auto listener = listen_at(wanted.path, wanted.mode, owner);
    if (!listener && wanted.is_demanded)
      return fail(listener.error().code, "listen.lmtp_socket: " + listener.error().text);
    if (!listener) {
      log.info("no-sendmail", {{"reason", listener.error().text}});
      continue;
    }
    made.push_back(socket_port(wanted, std::move(listener->socket), false));
    made.back().file = std::move(listener->file);
  }
  return made;
}

Outcome check_services(const Settings& settings) {
  for (const auto& listener : settings.ports) {
    if (listener.service != Settings::Listener::Service::Http) continue;
    return fail(Error::Code::Invalid, "listen.ports: there is no HTTP service for port " +
                                          std::to_string(listener.port) +
                                          " yet: take it out of the list");
  }
  return {};
}

Result<std::vector<BoundPort>> bind_ports(const Settings& settings,
                                          const std::vector<const BoundPort*>& have) {
  if (auto checked = check_services(settings); !checked) return fail(checked.error());
  std::vector<BoundPort> made;
  for (const std::string& text : settings.addresses) {
    const auto address = IpAddress::parse(text);
    if (!address)
      return fail(Error::Code::Invalid, "listen.addresses: \"" + text + "\" is no IP address");
    for (const Settings::Listener& listener : settings.ports) {
      const auto number = static_cast<std::uint16_t>(listener.port + settings.port_offset);
      const bool there = std::any_of(have.begin(), have.end(), [&](const BoundPort* bound) {
        return bound->number == number &&
               (bound->address == address->to_string() || takes_both_kinds(*bound));
      });
      if (there) continue;
      Fd socket = bind_one(*address, number);
      if (!socket) {
        const int error = errno;
        const bool no_ipv6 = error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
        if (!address->is_v4() && settings.addresses_are_default && no_ipv6) {
          log.warning("no-ipv6", {{"address", text}});
          break;
        }
        return fail(error == EACCES ? Error::Code::Denied : Error::Code::Temporary,
                    why_not(error, text, number));
      }
      made.push_back({std::move(socket), address->to_string(), number, listener, false});
    }
  }
  return made;
}

}  // namespace waxwing
