#include "tests/transcripts/live.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <stdexcept>

#include "base/fd.h"
#include "config/settings.h"
#include "daemon/administer.h"
#include "tests/transcripts/scratch.h"

namespace waxwing::transcripts {
namespace {

constexpr int kPatience = 20'000;  // milliseconds; sanitizers on a busy machine are slow

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

struct Free {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// The server's certificate is self-signed and made this moment, so it is not checked.
SSL_CTX* client_context() {
  static const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
  return context.get();
}

// A client's side of COMPRESS=DEFLATE.
class Zip {
 public:
  Zip() {
    if (deflateInit2(&out_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) !=
            Z_OK ||
        inflateInit2(&in_, -15) != Z_OK) {
      throw std::runtime_error("no zlib");
    }
  }
  Zip(const Zip&) = delete;
  ~Zip() {
    deflateEnd(&out_);
    inflateEnd(&in_);
  }

  std::string pack(std::string_view bytes) {
    return run(out_, bytes, [](z_stream* stream) { return deflate(stream, Z_SYNC_FLUSH); });
  }
  std::string unpack(std::string_view bytes) {
    return run(in_, bytes, [](z_stream* stream) {
      const int result = inflate(stream, Z_SYNC_FLUSH);
      if (result != Z_OK && result != Z_BUF_ERROR) throw std::runtime_error("damaged deflate");
      return result;
    });
  }

 private:
  static std::string run(z_stream& stream, std::string_view bytes, int (*step)(z_stream*)) {
    std::string all;
    char space[16384];
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(space);
      stream.avail_out = sizeof space;
      step(&stream);
      all.append(space, sizeof space - stream.avail_out);
    } while (stream.avail_out == 0);
    return all;
  }

  z_stream out_{}, in_{};
};

class SocketWire final : public Wire {
 public:
  SocketWire(in_addr client, int port, bool tls_first)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own = loopback(0);
    own.sin_addr = client;
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
      throw std::runtime_error("no such address");
    const auto address = loopback(port);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
      throw std::runtime_error("cannot connect to port " + std::to_string(port));
    }
    const int on = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls_first) start_tls();
  }

  void send(std::string_view bytes) override {
    std::string packed;
    if (zip_) bytes = packed = zip_->pack(bytes);
    while (!bytes.empty()) {
      const auto sent =
          tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
               : static_cast<int>(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
      if (sent <= 0) return;  // closed: the next expected line tells
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  std::optional<std::string> line() override {
    while (received_.find("\r\n") == std::string::npos) {
      if (!receive()) {
        if (received_.empty()) return std::nullopt;
        return std::exchange(received_, {});
      }
    }
    const auto end = received_.find("\r\n");
    std::string line = received_.substr(0, end);
    received_.erase(0, end + 2);
    return line;
  }

  bool is_closed() override {
    while (!ended_ && receive()) {
    }
    return ended_;
  }

  void close() override {
    if (tls_) SSL_shutdown(tls_.get());
    tls_.reset();
    socket_.reset();
    ended_ = true;
  }

  void start_tls() override {
    tls_.reset(SSL_new(client_context()));
    SSL_set_fd(tls_.get(), socket_.get());
    if (SSL_connect(tls_.get()) != 1) throw std::runtime_error("the TLS handshake failed");
  }

  void compress() override {
    zip_ = std::make_unique<Zip>();
    received_ = zip_->unpack(received_);
  }

  // SMTP: the greeting as it was, then everything inside TLS.
  void start_tls_behind_greeting() {
    const auto greeting = line();
    for (const char* command : {"EHLO tls.test\r\n", "STARTTLS\r\n"}) {
      send(command);
      for (auto reply = line(); reply && reply->size() > 3 && (*reply)[3] == '-';) reply = line();
    }
    start_tls();
    received_ = greeting.value_or("") + "\r\n";
  }

 private:
  // False at the end and when nothing comes for too long.
  bool receive() {
    if (ended_) return false;
    if (!tls_ || SSL_pending(tls_.get()) == 0) {
      pollfd ready{socket_.get(), POLLIN, 0};
      if (::poll(&ready, 1, kPatience) <= 0) return false;
    }
    char bytes[16384];
    const auto got = tls_ ? SSL_read(tls_.get(), bytes, sizeof bytes)
                          : static_cast<int>(::recv(socket_.get(), bytes, sizeof bytes, 0));
    // A TLS record may hold no application data: session tickets.
    if (got <= 0 && tls_ && SSL_get_error(tls_.get(), got) == SSL_ERROR_WANT_READ) return true;
    ended_ = got <= 0;
    if (ended_) return false;
    const std::string_view more(bytes, static_cast<std::size_t>(got));
    received_ += zip_ ? zip_->unpack(more) : more;
    return true;
  }

  Fd socket_;
  std::unique_ptr<SSL, Free> tls_;
  std::unique_ptr<Zip> zip_;
  std::string received_;
  bool ended_ = false;
};

bool is_free(int port) {
  const Fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  return ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// Below the ports of tests/live, whose daemons come back to theirs after a stop.
int free_port_offset() {
  static std::mt19937 random(std::random_device{}());
  for (;;) {
    const int offset = std::uniform_int_distribution<int>(3000, 7400)(random);
    bool free = true;
    for (const auto& listener : Settings::default_ports())
      free = free && is_free(listener.port + offset);
    if (free) return offset;
  }
}

class Process final : public SharedServer {
 public:
  using Setting = std::function<std::unique_ptr<Scratch>(int port_offset)>;

  Process(const Setting& setting, Channel channel) : channel_(channel) {
    client_.s_addr = htonl(INADDR_LOOPBACK);
    // Another test may take a port between the look and the bind.
    for (int attempt = 0; attempt < 5; ++attempt) {
      offset_ = free_port_offset();
      scratch_ = setting(offset_);
      if (start()) return;
    }
    throw std::runtime_error("the daemon does not start:\n" + log());
  }
  ~Process() override { stop(); }

  std::unique_ptr<Wire> connect(std::uint16_t port) override {
    const bool tls_port = port == 465 || port == 993 || port == 995;
    if (channel_ == Channel::Tls && port == 110)
      return std::make_unique<SocketWire>(client_, 995 + offset_, true);
    if (channel_ == Channel::Tls && port == 143)
      return std::make_unique<SocketWire>(client_, 993 + offset_, true);
    auto wire = std::make_unique<SocketWire>(client_, port + offset_, tls_port);
    if (channel_ == Channel::Tls && !tls_port) wire->start_tls_behind_greeting();
    return wire;
  }

  std::string begin(std::size_t conversation) override {
    // What a client may do in a minute, and what it did wrong, is counted by its address.
    client_.s_addr =
        htonl((127u << 24 | 1u << 16 | 1) + static_cast<std::uint32_t>(conversation << 8));
    for (const std::string user : {"alice", "bob"}) {
      const std::string address = user + "@example.test";
      std::vector<Request> requests;
      if (used_) requests.push_back({{"command", "account remove"}, {"address", address}});
      requests.push_back({{"command", "account rename"},
                          {"address", Scratch::parked(user, conversation)},
                          {"to", address}});
      for (const Request& request : requests) {
        const Answer answer = administer(scratch_->config(), request);
        if (answer.status != 0) return answer.text;
      }
    }
    used_ = true;
    return "";
  }

  bool answers_at_once() const override { return false; }

  std::string stop() override {
    if (pid_ <= 0) return "";
    ::kill(pid_, SIGTERM);
    int status = 0;
    waitpid(std::exchange(pid_, 0), &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return "the daemon ended badly:\n" + log();
    const std::string lines = log();
    const bool report = lines.find("Sanitizer") != std::string::npos ||
                        lines.find("runtime error") != std::string::npos;
    return report ? lines : "";
  }

 private:
  bool start() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const Fd reading(ends[0]);
    Fd writing(ends[1]);
    const std::string config = scratch_->config(), log_path = scratch_->log();
    pid_ = fork();
    if (pid_ == 0) {
      const int log_fd = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(writing.get(), STDOUT_FILENO);
      dup2(log_fd, STDERR_FILENO);
      execl(WAXWING_BINARY, WAXWING_BINARY, "serve", "--config", config.c_str(), nullptr);
      _exit(127);
    }
    writing.reset();
    std::string said;
    for (char bytes[64]; said.find("ready\n") == std::string::npos;) {
      const auto got = ::read(reading.get(), bytes, sizeof bytes);
      if (got <= 0) {
        waitpid(std::exchange(pid_, 0), nullptr, 0);
        return false;
      }
      said.append(bytes, static_cast<std::size_t>(got));
    }
    return true;
  }

  std::string log() const {
    std::ifstream file(scratch_->log());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const Channel channel_;
  std::unique_ptr<Scratch> scratch_;
  in_addr client_{};
  bool used_ = false;
  int offset_ = 0;
  pid_t pid_ = 0;
};

}  // namespace

std::unique_ptr<SharedServer> shared(const std::vector<Transcript>& all, Channel channel) {
  return std::make_unique<Process>(
      [&](int port_offset) { return std::make_unique<Scratch>(all, port_offset); }, channel);
}

std::unique_ptr<LiveServer> live(const Transcript& transcript, Channel channel) {
  return std::make_unique<Process>(
      [&](int port_offset) { return std::make_unique<Scratch>(transcript, port_offset); }, channel);
}

}  // namespace waxwing::transcripts
