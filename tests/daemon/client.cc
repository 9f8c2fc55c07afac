#include "tests/daemon/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "daemon/unix_socket.h"

namespace waxwing::test {

Client::Client(std::uint16_t port, const std::string& from)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  std::signal(SIGPIPE, SIG_IGN);
  const timeval patience{10, 0};
  setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, from.c_str(), &address.sin_addr);
  bind(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  address.sin_port = htons(port);
  if (connect(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
}

Client::Client(const std::string& path)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  std::signal(SIGPIPE, SIG_IGN);
  const timeval patience{10, 0};
  setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto address = unix_address(path);
  if (!address || connect(fd(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    throw std::runtime_error("connect: " + path);
}

Client::~Client() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
}

bool Client::start_tls(const Tls& tls) {
  context_ = SSL_CTX_new(TLS_client_method());
  if (tls.only_1_2) SSL_CTX_set_max_proto_version(context_, TLS1_2_VERSION);
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, fd());
  if (!tls.server_name.empty()) SSL_set_tlsext_host_name(ssl_, tls.server_name.c_str());
  if (!tls.alpn.empty()) {
    const std::string wire = static_cast<char>(tls.alpn.size()) + tls.alpn;
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(wire.data()),
                        static_cast<unsigned>(wire.size()));
  }
  if (tls.session) SSL_set_session(ssl_, tls.session);
  return SSL_connect(ssl_) == 1;
}

void Client::compress() {
  deflater_ = std::make_unique<Deflater>();
  inflater_ = std::make_unique<Inflater>();
  inflate(std::exchange(unread_, {}));
}

void Client::end_compression(std::string_view last, std::string_view rest) {
  std::string packed;
  deflater_->add(last, packed);
  deflater_->finish(packed);
  deflater_.reset();
  send(packed.append(rest));
}

void Client::send(std::string_view bytes) {
  std::string packed;
  if (deflater_) {
    deflater_->add(bytes, packed);
    deflater_->flush(packed);
    bytes = packed;
  }
  while (!bytes.empty()) {
    const long sent = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

long Client::read_some() {
  std::array<char, 16384> space;
  long got = 0;
  if (ssl_) {
    got = SSL_read(ssl_, space.data(), space.size());
    if (got <= 0) return SSL_get_error(ssl_, static_cast<int>(got)) == SSL_ERROR_WANT_READ ? -1 : 0;
  } else {
    got = recv(fd(), space.data(), space.size(), 0);
    if (got < 0) return errno == EAGAIN ? -1 : 0;
  }
  const std::string_view some(space.data(), static_cast<std::size_t>(got));
  inflater_ ? inflate(some) : static_cast<void>(unread_ += some);
  return got;
}

void Client::inflate(std::string_view some) {
  inflater_->feed(some);
  std::array<char, 16384> space;
  for (;;) {
    const auto next = inflater_->next(space);
    if (next.kind == Inflater::Next::Kind::Some) {
      unread_.append(space.data(), next.count);
      continue;
    }
    if (next.kind == Inflater::Next::Kind::Ended) {
      unread_ += inflater_->rest();
      inflater_.reset();
    }
    return;
  }
}

std::string Client::line() {
  for (;;) {
    const auto end = unread_.find("\r\n");
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 2);
      return line;
    }
    const long got = read_some();
    if (got == 0) return "<closed>";
    if (got < 0) return "<timeout>";
  }
}

std::string Client::bytes(std::size_t count) {
  while (unread_.size() < count)
    if (read_some() <= 0) break;
  std::string some = unread_.substr(0, count);
  unread_.erase(0, some.size());
  return some;
}

void Client::half_close() {
  shutdown(fd(), SHUT_WR);
}

void Client::await_end() {
  std::array<char, 4096> space;
  while (recv(fd(), space.data(), space.size(), 0) > 0) {
  }
}

std::shared_ptr<SSL_SESSION> Client::session() const {
  // A copy: OpenSSL spoils the one of a connection that ends without ceremony.
  return {SSL_SESSION_dup(SSL_get0_session(ssl_)), SSL_SESSION_free};
}

bool Client::is_resumed() const {
  return SSL_session_reused(ssl_) == 1;
}

bool Client::hears_within(int milliseconds) const {
  pollfd waited{fd(), POLLIN, 0};
  return poll(&waited, 1, milliseconds) == 1;
}

std::string Client::tls_version() const {
  return SSL_get_version(ssl_);
}

std::string Client::certificate_name() const {
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl_)), NID_commonName,
                            name.data(), name.size());
  return name.data();
}

std::string Client::certificate() const {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(SSL_get0_peer_certificate(ssl_), &bytes);
  std::string all(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return all;
}

std::string Client::exporter() const {
  std::array<unsigned char, 32> key;
  static constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
  SSL_export_keying_material(ssl_, key.data(), key.size(), kLabel.data(), kLabel.size(), nullptr, 0,
                             1);
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

}  // namespace waxwing::test
