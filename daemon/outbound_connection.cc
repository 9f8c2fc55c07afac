#include "daemon/outbound_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "daemon/socket_address.h"

namespace waxwing {
namespace {

using Level = TlsDemand::Level;

constexpr int kOutboundTurns = 64;

std::span<char> outbound_scratch() {
  thread_local std::array<char, 64 * 1024> space;
  return space;
}

Fd make_socket(const OutboundConnection::Target& target) {
  const int family = !target.socket.empty() ? AF_UNIX : target.address.is_v4() ? AF_INET : AF_INET6;
  Fd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (socket && family != AF_UNIX)
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace

OutboundConnection::OutboundConnection(Loop& loop, std::shared_ptr<const TlsClient> tls,
                                       Target target, smtp::Client::Options options, Timing timing,
                                       Events events)
    : loop_(loop),
      tls_(std::move(tls)),
      target_(std::move(target)),
      timing_(timing),
      events_(std::move(events)),
      transport_(make_socket(target_)),
      client_(std::move(options)),
      timer_(loop, [this] {
        switch (phase_) {
          case Phase::Connecting:
            return fail(Failure::Phase::Connect, "4.4.1", "no answer to the connection in time");
          case Phase::Handshaking:
            return fail(Failure::Phase::Tls, "4.7.5", "TLS: no answer in time");
          case Phase::Talking:
            return fail(was_ready_ ? Failure::Phase::Session : Failure::Phase::Greeting, "4.4.2",
                        "the server said nothing in time");
          case Phase::Over: return;
        }
      }) {}

OutboundConnection::~OutboundConnection() = default;

// Failures are told from the loop, not from within start().
void OutboundConnection::start() {
  const auto fail_soon = [this](const char* what) {
    const std::string text = std::string(what) + ": " + std::strerror(errno);
    timer_.remove();
    writable_.emplace(loop_, Event::Kind::Timer, -1,
                      [this, text] { fail(Failure::Phase::Connect, "4.4.1", text); });
    writable_->add(std::chrono::milliseconds(0));
  };
  if (transport_.fd() < 0) return fail_soon("no socket");
  if (target_.source) {
    const auto from = socket_address(*target_.source, 0);
    const int on = 1;
    setsockopt(transport_.fd(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (::bind(transport_.fd(), from.get(), from.size) != 0)
      return fail_soon("cannot use the source address");
  }
  const auto to = target_.socket.empty() ? socket_address(target_.address, target_.port)
                                         : socket_address(target_.socket);
  if (::connect(transport_.fd(), to.get(), to.size) != 0 && errno != EINPROGRESS)
    return fail_soon("connect");
  readable_.emplace(loop_, Event::Kind::Readable, transport_.fd(), [this] { on_readable(); });
  writable_.emplace(loop_, Event::Kind::Writable, transport_.fd(), [this] { on_writable(); });
  writable_->add();
  wait_for(timing_.connect);
}

void OutboundConnection::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(transport_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0)
    return fail(Failure::Phase::Connect, "4.4.1", std::string("connect: ") + std::strerror(error));
  phase_ = Phase::Talking;
  if (target_.tls_first) return start_tls();
  readable_->add();
  wait_for(client_.patience());
}

void OutboundConnection::start_tls() {
  phase_ = Phase::Handshaking;
  wait_for(timing_.handshake);
  if (!transport_.start_client_tls(tls_->connect(target_.host, target_.tls)))
    return fail(Failure::Phase::Tls, "4.7.5", "TLS: nothing that the server could prove is usable");
  shake_hands();
}

void OutboundConnection::shake_hands() {
  using Kind = Transport::Moved::Kind;
  switch (transport_.handshake().kind) {
    case Kind::Some: return encrypted();
    case Kind::WaitToRead: readable_->add(); return;
    case Kind::WaitToWrite:
      readable_->remove();
      writable_->add();
      return;
    case Kind::Ended:
    case Kind::Broken: break;
  }
  const std::string why = TlsClient::trouble(transport_.ssl());
  fail(Failure::Phase::Tls, "4.7.5",
       "TLS: " + (why.empty() ? std::string(transport_.trouble()) : why),
       TlsClient::fault(transport_.ssl()).value_or(TlsFault::Other));
}

void OutboundConnection::encrypted() {
  phase_ = Phase::Talking;
  client_.encrypted(transport_.tls_info());
  if (!target_.tls_first) client_.hello_again(output_);
  readable_->add();
  pump();
}

bool OutboundConnection::is_verified() const {
  return transport_.is_encrypted() && TlsClient::is_verified(transport_.ssl());
}

std::string OutboundConnection::our_address() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(transport_.fd(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = nullptr;
  if (storage.ss_family == AF_INET) bytes = &reinterpret_cast<sockaddr_in&>(storage).sin_addr;
  if (storage.ss_family == AF_INET6) bytes = &reinterpret_cast<sockaddr_in6&>(storage).sin6_addr;
  if (bytes == nullptr) return {};
  return inet_ntop(storage.ss_family, bytes, text, sizeof text) != nullptr ? text : "";
}

std::optional<TlsFault> OutboundConnection::fault() const {
  if (!transport_.is_encrypted() || target_.tls.names.empty()) return std::nullopt;
  return TlsClient::fault(transport_.ssl());
}

void OutboundConnection::on_writable() {
  write_blocked_ = false;
  switch (phase_) {
    case Phase::Connecting: return connected();
    case Phase::Handshaking: return shake_hands();
    case Phase::Talking: return pump();
    case Phase::Over: return;
  }
}

void OutboundConnection::on_readable() {
  using Kind = Transport::Moved::Kind;
  if (phase_ == Phase::Handshaking) return shake_hands();
  if (phase_ != Phase::Talking) return readable_->remove();
  const auto space = outbound_scratch();
  for (int turns = 0; turns < kOutboundTurns; ++turns) {
    const auto moved = transport_.read(space);
    if (moved.kind == Kind::Some) {
      input_.append({space.data(), moved.count});
      if (moved.count == space.size() || transport_.has_pending()) continue;
      break;
    }
    if (moved.kind == Kind::WaitToRead || moved.kind == Kind::WaitToWrite) break;
    input_.end();
    readable_->remove();
    break;
  }
  follow(client_.consume(input_, output_));
}

void OutboundConnection::follow(smtp::Client::Step step) {
  switch (step.kind) {
    case smtp::Client::Step::Kind::Bytes: return pump();
    case smtp::Client::Step::Kind::StartTls:
      // What came behind the reply in clear is an attacker's.  RFC 3207
      if (!input_.empty())
        return fail(Failure::Phase::Tls, "4.7.5",
                    "the server said more behind its reply to STARTTLS");
      return start_tls();
    case smtp::Client::Step::Kind::Ready:
      timer_.remove();
      was_ready_ = true;
      return events_.ready();
    case smtp::Client::Step::Kind::Failed:
      return fail({was_ready_ ? Failure::Phase::Session : Failure::Phase::Greeting,
                   client_.trouble(), TlsFault::Other});
    case smtp::Client::Step::Kind::Close:
      phase_ = Phase::Over;
      timer_.remove();
      return events_.closed();
  }
}

void OutboundConnection::send(smtp::Consignment consignment) {
  client_.send(std::move(consignment), output_);
  pump();
}

void OutboundConnection::quit() {
  client_.quit(output_);
  pump();
}

void OutboundConnection::pump() {
  if (phase_ != Phase::Talking || std::exchange(is_pumping_, true)) return;
  for (int turns = 0; turns < kOutboundTurns; ++turns) {
    if (client_.wants_to_write() && output_.size() + sender_.size() < Output::kFull / 4) {
      if (const auto written = client_.write(output_); !written) {
        is_pumping_ = false;
        return fail(Failure::Phase::Session, "4.3.0", "the message cannot be read");
      }
    }
    sender_.take(output_);
    if (sender_.empty() || write_blocked_ || !send_some()) break;
  }
  is_pumping_ = false;
  if (phase_ != Phase::Talking) return;
  if (!sender_.empty() && !write_blocked_) {
    write_blocked_ = true;  // others have their turn
    writable_->add();
  }
  wait_for(client_.patience());
}

// False when the socket takes no more now, or the connection has failed.
bool OutboundConnection::send_some() {
  using Kind = Transport::Moved::Kind;
  std::string_view bytes = sender_.front(outbound_scratch());
  if (bytes.empty()) {
    fail(Failure::Phase::Session, "4.3.0", "the message file is shorter than it was");
    return false;
  }
  const auto moved = transport_.write(bytes);
  switch (moved.kind) {
    case Kind::Some: sender_.consume(moved.count); return true;
    case Kind::WaitToRead:
    case Kind::WaitToWrite:
      write_blocked_ = true;
      writable_->add();
      return false;
    case Kind::Ended:
    case Kind::Broken: break;
  }
  // The server may have said why before it closed: what it said is read first.
  write_blocked_ = true;
  return false;
}

void OutboundConnection::fail(Failure::Phase phase, std::string status, std::string text,
                              TlsFault fault) {
  fail({phase, {0, std::move(status), std::move(text)}, fault});
}

void OutboundConnection::fail(Failure failure) {
  if (phase_ == Phase::Over) return;
  phase_ = Phase::Over;
  timer_.remove();
  if (readable_) readable_->remove();
  if (writable_) writable_->remove();
  events_.failed(failure);
}

}  // namespace waxwing
