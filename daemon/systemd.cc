#include "daemon/systemd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"
#include "base/text.h"

namespace waxwing {

Systemd::Systemd() {
  if (const char* path = std::getenv("NOTIFY_SOCKET")) socket_ = path;
  const char* pid = std::getenv("WATCHDOG_PID");
  const char* microseconds = std::getenv("WATCHDOG_USEC");
  if (microseconds && (!pid || pid == std::to_string(getpid())))
    if (const auto every = parse_number(microseconds); every && *every > 0)
      watchdog_ = std::chrono::milliseconds(*every / 2000);  // twice as often as is needed
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}) unsetenv(name);
}

void Systemd::ready(std::string_view status) {
  send("READY=1\nSTATUS=" + std::string(status));
}

void Systemd::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  send("RELOADING=1\nMONOTONIC_USEC=" +
       std::to_string(now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
}

void Systemd::stopping() {
  send("STOPPING=1");
}

void Systemd::alive() {
  send("WATCHDOG=1");
}

void Systemd::send(const std::string& state) const {
  if (socket_.empty()) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  [[maybe_unused]] const auto sent = sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                                            reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace waxwing
