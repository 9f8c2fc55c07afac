#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/settings.h"
#include "protocols/session.h"

namespace waxwing {

// What a client does first on a port tells whether it speaks TLS: a ClientHello starts with the
// record header 0x16 0x03 (RFC 8446 section 5.1), which no command of ours does.
enum class FirstBytes { Hello, Clear, Silence };
FirstBytes classify(std::string_view first);

// What to do about it on a port of that kind.
enum class Opening {
  StartTls,    // TLS first, then the greeting
  Greet,       // the greeting in clear
  ExplainTls,  // one readable line in clear: this port wants TLS from the first byte
  RefuseTls,   // there is no TLS on this port
};
Opening opening(Settings::Listener::Tls port, FirstBytes first);

// Lines for clients that get no session, each in the form of its protocol.
std::string explain_tls(Service service, std::uint16_t port);
std::string refuse_crowd(Service service, std::string_view reason);
// For the log: what to change in the client that sent a ClientHello to a port that does not begin
// with TLS.
std::string advice_for_hello(Service service, std::uint16_t port, Settings::Listener::Tls tls);

// Remembers who sent a ClientHello to a STARTTLS port, so that the next connection gets a moment to
// do it again before the greeting spoils it. Bounded. Any thread.
class HelloMemory {
 public:
  explicit HelloMemory(std::chrono::milliseconds lasts = std::chrono::minutes(10))
      : lasts_(lasts) {}
  void remember(const std::string& client, std::uint16_t port);
  bool knows(const std::string& client, std::uint16_t port);

 private:
  using Steady = std::chrono::steady_clock;
  static constexpr std::size_t kMost = 4096;

  const std::chrono::milliseconds lasts_;
  std::mutex mutex_;
  std::unordered_map<std::string, Steady::time_point> until_;
};

}  // namespace waxwing
