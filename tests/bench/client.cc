#include "tests/bench/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/text.h"

namespace waxwing::bench {
namespace {

constexpr std::size_t kMaxChunk = 128 * 1024;

SSL_CTX* context() {
  static SSL_CTX* const instance = [] {
    SSL_CTX* made = SSL_CTX_new(TLS_client_method());
    // Every connection shakes hands in full, as clients that come once a day do.
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(made, SSL_OP_NO_TICKET);
    return made;
  }();
  return instance;
}

}  // namespace

Client::Client(const Endpoint& endpoint)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), tls_(nullptr, SSL_free) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(endpoint.port));
  inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to port " + std::to_string(endpoint.port));
  }
  const int on = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{60, 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (endpoint.tls) {
    tls_.reset(SSL_new(context()));
    SSL_set_fd(tls_.get(), socket_.get());
    if (SSL_connect(tls_.get()) != 1) throw std::runtime_error("the TLS handshake failed");
  }
}

Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent =
        tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
             : static_cast<int>(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    if (sent <= 0) throw std::runtime_error("the server closed while it was sent to");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// What the load generator spends is missing on the servers' side of the same two processors: so no
// octet is moved or cleared that need not be.
void Client::fill() {
  if (read_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + read_, end_ - read_);
    end_ -= std::exchange(read_, 0);
  }
  if (buffer_.size() < end_ + chunk_) buffer_.resize(end_ + chunk_);
  char* const space = buffer_.data() + end_;
  const auto got = tls_ ? SSL_read(tls_.get(), space, static_cast<int>(chunk_))
                        : static_cast<int>(::recv(socket_.get(), space, chunk_, 0));
  if (got <= 0) throw std::runtime_error("the server closed, or said nothing for a minute");
  end_ += static_cast<std::size_t>(got);
  received_ += static_cast<std::uint64_t>(got);
  if (static_cast<std::size_t>(got) == chunk_) chunk_ = std::min(2 * chunk_, kMaxChunk);
}

std::string_view Client::line() {
  for (std::size_t looked_at = 0;;) {
    const std::string_view unread(buffer_.data() + read_, end_ - read_);
    const auto end = unread.find('\n', looked_at);
    if (end != std::string_view::npos) {
      read_ += end + 1;
      auto line = unread.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      return line;
    }
    looked_at = unread.size();
    fill();
  }
}

void Client::skip(std::uint64_t count) {
  while (count > end_ - read_) {
    count -= end_ - read_;
    read_ = end_;
    fill();
  }
  read_ += count;
}

void Client::smtp(char expected) {
  for (;;) {
    const auto reply = line();
    if (reply.size() < 3 || reply[0] != expected)
      throw std::runtime_error("SMTP said: " + std::string(reply));
    if (reply.size() == 3 || reply[3] != '-') return;
  }
}

void Client::pop3() {
  const auto reply = line();
  if (!reply.starts_with("+OK")) throw std::runtime_error("POP3 said: " + std::string(reply));
}

std::uint64_t Client::pop3_text() {
  std::uint64_t size = 0;
  for (;;) {
    const auto text = line();
    if (text == ".") return size;
    size += text.size() + 2;
  }
}

std::uint64_t Client::imap(std::string_view command) {
  const std::string tag = "t" + std::to_string(++tag_);
  const auto before = received_;
  send(tag + " " + std::string(command) + "\r\n");
  for (;;) {
    const auto reply = line();
    if (reply.starts_with(tag + " ")) {
      if (!reply.substr(tag.size() + 1).starts_with("OK"))
        throw std::runtime_error("IMAP said: " + std::string(reply));
      return received_ - before;
    }
    if (reply.ends_with('}')) {
      const auto open = reply.rfind('{');
      if (const auto size = parse_number(reply.substr(open + 1, reply.size() - open - 2)))
        skip(*size);
    }
  }
}

}  // namespace waxwing::bench
