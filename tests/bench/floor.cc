// The least that any server can do for a client: no parser, no index, no account, no rule; a thread
// for each connection, a file for each message, one fsync. What it costs is the machine's, and what
// a mail server costs beyond that is its own. Speaks as much SMTP, IMAP and POP3 as some scenarios
// of load.cc do, and believes everything.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace waxwing::bench {
namespace {

using Tls = std::unique_ptr<SSL, void (*)(SSL*)>;

// One side of a connection, as lines and octets.
class Peer {
 public:
  Peer(Fd socket, SSL_CTX* context) : socket_(std::move(socket)), tls_(nullptr, SSL_free) {
    const int on = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!context) return;
    tls_.reset(SSL_new(context));
    SSL_set_fd(tls_.get(), socket_.get());
    if (SSL_accept(tls_.get()) != 1) throw std::runtime_error("no handshake");
  }

  std::string line() {
    std::size_t end;
    while ((end = unread_.find("\r\n")) == std::string::npos) fill();
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 2);
    return line;
  }
  std::string octets(std::size_t count) {
    while (unread_.size() < count) fill();
    std::string taken = unread_.substr(0, count);
    unread_.erase(0, count);
    return taken;
  }
  // Up to the line with a dot.
  std::string text() {
    while (!unread_.ends_with("\r\n.\r\n")) fill();
    unread_.resize(unread_.size() - 3);
    return std::exchange(unread_, {});
  }
  bool has_more() const { return !unread_.empty(); }

  void say(std::string_view bytes) {
    waiting_ += bytes;
    if (waiting_.size() > kMuch) flush();
  }
  void flush() {
    for (std::string_view rest = waiting_; !rest.empty();) {
      const auto sent =
          tls_ ? SSL_write(tls_.get(), rest.data(), static_cast<int>(rest.size()))
               : static_cast<int>(::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL));
      if (sent <= 0) throw std::runtime_error("gone");
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    waiting_.clear();
  }

 private:
  static constexpr std::size_t kMuch = 128 * 1024;

  void fill() {
    char chunk[64 * 1024];
    const auto got = tls_ ? SSL_read(tls_.get(), chunk, sizeof chunk)
                          : static_cast<int>(::recv(socket_.get(), chunk, sizeof chunk, 0));
    if (got <= 0) throw std::runtime_error("gone");
    unread_.append(chunk, static_cast<std::size_t>(got));
  }

  Fd socket_;
  Tls tls_;
  std::string unread_, waiting_;
};

class Mail {
 public:
  explicit Mail(std::string folder) : folder_(std::move(folder)) {}

  void store(const std::string& user, std::string_view text) {
    const std::string name = "/" + std::to_string(next_++);
    const std::string staged = folder_ + "/tmp" + name, path = folder_ + "/cur" + name;
    const Fd file(::open(staged.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (::write(file.get(), text.data(), text.size()) != std::ssize(text) ||
        ::fsync(file.get()) != 0 || ::rename(staged.c_str(), path.c_str()) != 0) {
      throw std::runtime_error("cannot store");
    }
    const std::lock_guard lock(mutex_);
    files_[user].push_back(path);
  }
  std::vector<std::string> files(const std::string& user) {
    const std::lock_guard lock(mutex_);
    return files_[user];
  }
  static std::string read(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about {};
    ::fstat(file.get(), &about);
    std::string text(static_cast<std::size_t>(about.st_size), '\0');
    if (::read(file.get(), text.data(), text.size()) != std::ssize(text)) {
      throw std::runtime_error("cannot read");
    }
    return text;
  }

 private:
  const std::string folder_;
  std::atomic<int> next_{0};
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> files_;
};

// What stands between < and >, or after the last space.
std::string user_in(const std::string& line) {
  const auto from = line.find('<');
  if (from != std::string::npos) return line.substr(from + 1, line.find('>') - from - 1);
  return line.substr(line.rfind(' ') + 1);
}

void smtp(Peer& peer, Mail& mail) {
  peer.say("220 floor\r\n");
  for (std::string user;;) {
    if (!peer.has_more()) peer.flush();
    const std::string line = peer.line();
    if (line.starts_with("DATA")) {
      peer.say("354 Go on\r\n");
      peer.flush();
      mail.store(user, peer.text());
    } else if (line.starts_with("RCPT")) {
      user = user_in(line);
    }
    peer.say(line == "QUIT" ? "221 Bye\r\n" : "250 OK\r\n");
    if (line == "QUIT") return peer.flush();
  }
}

void pop3(Peer& peer, Mail& mail) {
  peer.say("+OK floor\r\n");
  std::vector<std::string> files, deleted;
  for (std::string line; line != "QUIT";) {
    peer.flush();
    line = peer.line();
    if (line.starts_with("USER")) files = mail.files(user_in(line));
    if (line == "QUIT") {
      for (const auto& file : deleted) ::unlink(file.c_str());
    }
    peer.say("+OK\r\n");
    if (line.starts_with("DELE")) deleted.push_back(files.at(deleted.size()));
    if (!line.starts_with("RETR")) continue;
    peer.say(Mail::read(files.at(deleted.size())));
    peer.say(".\r\n");
  }
  peer.flush();
}

void imap(Peer& peer, Mail& mail) {
  peer.say("* OK floor\r\n");
  for (std::string user;;) {
    peer.flush();
    const std::string line = peer.line();
    const auto has = [&](std::string_view word) { return line.find(word) != std::string::npos; };
    if (has(" LOGIN ")) {
      user = line.substr(line.find(" LOGIN ") + 7);
      user.resize(user.find(' '));
    } else if (has(" APPEND ")) {
      mail.store(user, peer.octets(std::stoul(line.substr(line.rfind('{') + 1))));
      peer.line();
    } else if (has(" STATUS ")) {
      peer.say("* STATUS INBOX (MESSAGES " + std::to_string(mail.files(user).size()) + ")\r\n");
    } else if (has(" FETCH ")) {
      for (int uid = 0; const auto& file : mail.files(user)) {
        const std::string text = Mail::read(file), number = std::to_string(++uid);
        peer.say("* " + number + " FETCH (UID " + number + " BODY[] {" +
                 std::to_string(text.size()) + "}\r\n");
        peer.say(text);
        peer.say(")\r\n");
      }
    }
    peer.say(line.substr(0, line.find(' ')) + " OK\r\n");
    if (has(" LOGOUT")) return peer.flush();
  }
}

struct Service {
  int port = 0;
  void (*serve)(Peer&, Mail&) = nullptr;
  SSL_CTX* context = nullptr;
};

[[noreturn]] void listen_for(const Service& service, Mail& mail) {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(service.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 512) != 0) {
    std::cerr << "cannot listen on port " << service.port << "\n";
    std::exit(1);
  }
  for (;;) {
    const int socket = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    std::thread([socket, &service, &mail] {
      try {
        Peer peer(Fd(socket), service.context);
        service.serve(peer, mail);
      } catch (const std::exception&) {
        // The client is gone.
      }
    }).detach();
  }
}

}  // namespace
}  // namespace waxwing::bench

int main(int argc, char** argv) {
  using namespace waxwing::bench;
  Service services[] = {{0, smtp}, {0, pop3}, {0, imap}, {0, imap}};
  std::string folder, certificate, key;
  CLI::App app("The least that a mail server can do");
  app.add_option("--folder", folder, "with tmp and cur in it")->required();
  app.add_option("--smtp", services[0].port)->required();
  app.add_option("--pop3", services[1].port)->required();
  app.add_option("--imap", services[2].port)->required();
  app.add_option("--imaps", services[3].port)->required();
  app.add_option("--certificate", certificate)->required();
  app.add_option("--key", key)->required();
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_num_tickets(context, 0);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    std::cerr << "cannot use the certificate\n";
    return 1;
  }
  services[3].context = context;
  Mail mail(folder);
  std::vector<std::thread> listeners;
  for (const Service& service : services) {
    listeners.emplace_back([&service, &mail] { listen_for(service, mail); });
  }
  for (auto& listener : listeners) listener.join();
}
