#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace waxwing {

// What systemd wants to know from a service of Type=notify: sd_notify(3), spoken by hand. Does
// nothing when systemd has not asked (NOTIFY_SOCKET). Any thread.
class Systemd {
 public:
  // Reads the environment, and forgets the variables so that no child sees them.
  Systemd();

  void ready(std::string_view status);
  void reloading();
  void stopping();
  void alive();
  // How often alive() is wanted; nothing when no watchdog waits for it.
  std::optional<std::chrono::milliseconds> watchdog() const { return watchdog_; }

 private:
  void send(const std::string& state) const;

  std::string socket_;
  std::optional<std::chrono::milliseconds> watchdog_;
};

}  // namespace waxwing
