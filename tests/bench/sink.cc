#include "tests/bench/sink.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace waxwing::bench {
namespace {

constexpr std::string_view kHello =
    "250-sink.example.net\r\n250-PIPELINING\r\n250-SIZE 100000000\r\n250-8BITMIME\r\n"
    "250-ENHANCEDSTATUSCODES\r\n250 CHUNKING\r\n";

// What one client says, and what is answered. It gathers answers until it has to wait for more.
class Conversation {
 public:
  Conversation(int socket, std::atomic<std::uint64_t>& taken) : socket_(socket), taken_(taken) {}

  void run() {
    answer_ = "220 sink.example.net ESMTP\r\n";
    while (!over_) {
      const auto end = input_.find("\r\n", read_);
      if (end == std::string::npos) {
        if (!fill()) return;
        continue;
      }
      const std::string line = input_.substr(read_, end - read_);
      read_ = end + 2;
      if (!command(line)) return;
    }
    flush();
  }

 private:
  bool command(std::string_view line) {
    const auto verb = line.substr(0, 4);
    if (verb == "EHLO") {
      answer_ += kHello;
    } else if (verb == "DATA") {
      answer_ += "354 go\r\n";
      if (!skip_text()) return false;
      took();
    } else if (verb == "BDAT") {
      if (!skip(std::stoul(std::string(line.substr(5))))) return false;
      took();
    } else if (verb == "QUIT") {
      answer_ += "221 2.0.0 bye\r\n";
      over_ = true;
    } else {
      answer_ += "250 2.0.0 ok\r\n";
    }
    return true;
  }

  void took() {
    ++taken_;
    answer_ += "250 2.0.0 taken\r\n";
  }

  bool skip_text() {
    for (;;) {
      const auto end = input_.find("\r\n.\r\n", read_);
      if (end != std::string::npos) {
        read_ = end + 5;
        return true;
      }
      if (!fill()) return false;
    }
  }

  bool skip(std::size_t count) {
    while (input_.size() - read_ < count) {
      if (!fill()) return false;
    }
    read_ += count;
    return true;
  }

  bool flush() {
    std::string_view rest = answer_;
    while (!rest.empty()) {
      const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    answer_.clear();
    return true;
  }

  bool fill() {
    if (!flush()) return false;
    input_.erase(0, read_);
    read_ = 0;
    std::array<char, 64 * 1024> space;
    const ssize_t got = ::recv(socket_, space.data(), space.size(), 0);
    if (got <= 0) return false;
    input_.append(space.data(), static_cast<std::size_t>(got));
    return true;
  }

  const int socket_;
  std::atomic<std::uint64_t>& taken_;
  std::string input_, answer_;
  std::size_t read_ = 0;
  bool over_ = false;
};

}  // namespace

Sink::Sink(int port) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 512) != 0) {
    throw std::runtime_error("the sink has no port");
  }
  thread_ = std::thread([this] { accept_all(); });
}

Sink::~Sink() {
  is_stopping_ = true;
  thread_.join();
  // Servers keep connections a while; each thread notices within a tenth of a second.
  while (open_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void Sink::accept_all() {
  while (!is_stopping_) {
    pollfd waiting{listener_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 100) <= 0) continue;
    const int socket = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++open_;
    std::thread([this, socket] {
      serve(socket);
      ::close(socket);
      --open_;
    }).detach();
  }
}

void Sink::serve(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  Conversation(socket, taken_).run();
}

}  // namespace waxwing::bench
