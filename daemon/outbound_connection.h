#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/ip.h"
#include "daemon/loop.h"
#include "daemon/sender.h"
#include "daemon/tls_client.h"
#include "daemon/transport.h"
#include "protocols/smtp/client.h"

namespace waxwing {

// One connection to a server that takes mail: its socket, its timers, TLS, and the smtp::Client
// that talks through them. It moves bytes and time, and decides nothing. Loop thread only.
class OutboundConnection {
 public:
  struct Target {
    std::string host;  // its name; the address where it has none
    IpAddress address;
    std::uint16_t port = 25;
    std::optional<IpAddress> source;  // the address of ours to come from
    TlsDemand tls;
    bool tls_first = false;   // TLS before the greeting, as on 465
    std::string socket = {};  // the path of a Unix socket, instead of address and port
    // Where it goes, for the log.
    std::string place() const { return socket.empty() ? address.to_string() : socket; }
  };
  struct Timing {
    std::chrono::milliseconds connect{30'000};
    std::chrono::milliseconds handshake{60'000};
  };
  // What went wrong, once.
  struct Failure {
    enum class Phase { Connect, Greeting, Tls, Session };
    Phase phase = Phase::Session;
    smtp::Reply reply{0, "4.4.2", ""};  // code 0: not the server's words
    TlsFault fault = TlsFault::Other;   // in Phase::Tls
  };
  // Called on the loop; the connection may be destroyed in none of them, but soon after.
  struct Events {
    std::function<void()> ready;  // for send() or quit(); after a send(), client().results()
    std::function<void(const Failure&)> failed;
    std::function<void()> closed;  // after quit()
  };

  OutboundConnection(Loop& loop, std::shared_ptr<const TlsClient> tls, Target target,
                     smtp::Client::Options options, Timing timing, Events events);
  ~OutboundConnection();

  void start();
  void send(smtp::Consignment consignment);
  void quit();

  const smtp::Client& client() const { return client_; }
  const Target& target() const { return target_; }
  // Where it comes from; empty when that is not known.
  std::string our_address() const;
  // TLS, and the server has proved what was demanded of it.
  bool is_verified() const;
  // What is known against the certificate, where TLS is up all the same: it was looked at only.
  std::optional<TlsFault> fault() const;

 private:
  enum class Phase { Connecting, Handshaking, Talking, Over };

  void connected();
  void start_tls();
  void shake_hands();
  void encrypted();
  void on_readable();
  void on_writable();
  void pump();
  bool send_some();
  void follow(smtp::Client::Step step);
  void fail(Failure::Phase phase, std::string status, std::string text,
            TlsFault fault = TlsFault::Other);
  void fail(Failure failure);
  void wait_for(std::chrono::milliseconds time) { timer_.add(time); }

  Loop& loop_;
  const std::shared_ptr<const TlsClient> tls_;
  const Target target_;
  const Timing timing_;
  const Events events_;
  Transport transport_;
  Sender sender_;
  Input input_;
  Output output_;
  smtp::Client client_;
  Phase phase_ = Phase::Connecting;
  bool write_blocked_ = false, is_pumping_ = false, was_ready_ = false;
  // Made once there is a socket.
  std::optional<Event> readable_, writable_;
  Event timer_;
};

}  // namespace waxwing
