#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace waxwing {

// Reads the header that a load balancer puts before a client's own bytes: the PROXY protocol of
// HAProxy, versions 1 (a line) and 2 (binary). Pure; it takes not one byte behind the header, so
// that a TLS handshake that follows is found where it begins.
class ProxyHeader {
 public:
  // The longest line of version 1, with its CRLF; and the most of version 2, where balancers may
  // add certificates and the like.
  static constexpr std::size_t kMaxLine = 107, kMaxBinary = 4096;

  // Who speaks with whom, as the balancer says.
  struct Named {
    IpAddress client, server;
    std::uint16_t client_port = 0, server_port = 0;
  };
  enum class State {
    Partial,  // more of it has to come
    Whole,
    Broken,  // it is none; fault() says why
  };

  // Takes what belongs to the header from the front of `bytes`; returns how many octets that are.
  // Takes nothing more once it is Whole or Broken.
  std::size_t take(std::string_view bytes);

  State state() const { return state_; }
  // So many octets were taken.
  std::size_t size() const { return text_.size(); }
  // For the log: a sentence without the peer's bytes.
  const char* fault() const { return fault_; }
  // Of a whole one. Nothing where the balancer speaks for itself (LOCAL), does not say for whom
  // (UNKNOWN, UNSPEC) or for a client of its own machine (UNIX): then the addresses of the
  // connection count.
  const std::optional<Named>& named() const { return named_; }

 private:
  std::size_t take_binary(std::string_view bytes);
  std::size_t take_line(std::string_view bytes);
  void read_binary();
  void read_line();
  bool read_addresses(std::string_view block);
  bool read_extras(std::size_t begin);
  void broken(const char* fault);

  std::string text_;
  State state_ = State::Partial;
  const char* fault_ = "";
  std::optional<Named> named_;
};

}  // namespace waxwing
