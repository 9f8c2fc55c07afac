#include "daemon/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "daemon/certificates.h"

namespace waxwing {

namespace {

Transport::Moved socket_result(ssize_t returned) {
  using Kind = Transport::Moved::Kind;
  if (returned > 0) return {Kind::Some, static_cast<std::size_t>(returned)};
  if (returned == 0) return {Kind::Ended};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {Kind::WaitToRead};
  return {Kind::Broken};
}

}  // namespace

Transport::Transport(Fd socket) : socket_(std::move(socket)) {}

Transport::~Transport() {
  if (ssl_) SSL_free(ssl_);
}

Transport::Moved Transport::read(std::span<char> space) {
  if (!ssl_) {
    const Moved moved = socket_result(recv(fd(), space.data(), space.size(), 0));
    if (moved.kind == Moved::Kind::Broken) trouble_ = "connection reset";
    return moved;
  }
  ERR_clear_error();
  return tls_result(SSL_read(ssl_, space.data(), static_cast<int>(space.size())));
}

Transport::Moved Transport::write(std::string_view bytes) {
  if (!ssl_) {
    Moved moved = socket_result(send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    if (moved.kind == Moved::Kind::WaitToRead) moved.kind = Moved::Kind::WaitToWrite;
    if (moved.kind == Moved::Kind::Broken) trouble_ = "connection reset";
    return moved;
  }
  ERR_clear_error();
  // RFC 8446 section 4.6.1: a ticket may come at any time after the handshake. With the first
  // answer and not before: some clients take a ticket on its own, in STARTTLS, for the start of an
  // answer they have not asked for yet, and wait for its end for ever.
  if (!has_sent_ticket_) {
    has_sent_ticket_ = true;
    if (SSL_version(ssl_) >= TLS1_3_VERSION) SSL_new_session_ticket(ssl_);
  }
  return tls_result(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())));
}

void Transport::cork(bool on) {
  const int value = on;
  setsockopt(fd(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

Transport::Moved Transport::peek(std::span<char> space) {
  return socket_result(recv(fd(), space.data(), space.size(), MSG_PEEK));
}

bool Transport::discard_arrived() {
  std::array<char, 4096> space;
  for (int i = 0; i < 16; ++i)
    if (recv(fd(), space.data(), space.size(), 0) <= 0) return true;
  return false;
}

bool Transport::start_tls(std::shared_ptr<const Certificates> certificates, Service service) {
  certificates_ = std::move(certificates);
  ssl_ = certificates_->new_ssl(service);
  if (!ssl_ || SSL_set_fd(ssl_, fd()) != 1) return false;
  SSL_set_accept_state(ssl_);
  return true;
}

bool Transport::start_client_tls(SSL* ssl) {
  ssl_ = ssl;
  has_sent_ticket_ = true;  // those are the server's
  if (!ssl_ || SSL_set_fd(ssl_, fd()) != 1) return false;
  SSL_set_connect_state(ssl_);
  return true;
}

Transport::Moved Transport::handshake() {
  ERR_clear_error();
  return tls_result(SSL_do_handshake(ssl_));
}

Transport::Moved Transport::tls_result(int returned) {
  using Kind = Moved::Kind;
  if (returned > 0) return {Kind::Some, static_cast<std::size_t>(returned)};
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ: return {Kind::WaitToRead};
    case SSL_ERROR_WANT_WRITE: return {Kind::WaitToWrite};
    case SSL_ERROR_ZERO_RETURN: return {Kind::Ended};
    case SSL_ERROR_SYSCALL: trouble_ = "connection reset"; return {Kind::Broken};
    default: break;
  }
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  trouble_ = reason ? reason : "TLS error";
  return {Kind::Broken};
}

TlsInfo Transport::tls_info() const {
  TlsInfo tls;
  tls.version = SSL_get_version(ssl_);
  tls.cipher = SSL_get_cipher_name(ssl_);
  if (const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name))
    tls.server_name = name;
  // RFC 9266 section 4.2: below TLS 1.3 only with the extended master secret.
  if (SSL_version(ssl_) >= TLS1_3_VERSION || SSL_get_extms_support(ssl_) == 1) {
    static constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
    std::array<unsigned char, 32> key;
    if (SSL_export_keying_material(ssl_, key.data(), key.size(), kLabel.data(), kLabel.size(),
                                   nullptr, 0, 1) == 1)
      tls.exporter.assign(reinterpret_cast<const char*>(key.data()), key.size());
  }
  tls.server_end_point = server_end_point(SSL_get_certificate(ssl_));
  return tls;
}

bool Transport::has_pending() const {
  return ssl_ && SSL_has_pending(ssl_) == 1;
}

bool Transport::is_client_gone() const {
  pollfd poll_fd{fd(), POLLRDHUP, 0};
  return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

void Transport::finish_writing() {
  if (ssl_) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
  }
  ::shutdown(fd(), SHUT_WR);
}

}  // namespace waxwing
