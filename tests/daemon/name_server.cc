#include "tests/daemon/name_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <stdexcept>

#include "protocols/dns/records.h"

namespace waxwing::test {
namespace {

std::string number(int value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

}  // namespace

NameServer::NameServer(Handler handler)
    : handler_(std::move(handler)), socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(socket_.get(), generic, length) != 0 ||
      getsockname(socket_.get(), generic, &length) != 0) {
    throw std::runtime_error("no port for a name server");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

NameServer::~NameServer() {
  stopping_ = true;
  shutdown(socket_.get(), SHUT_RDWR);  // wakes the thread
  thread_.join();
}

std::string NameServer::address() const {
  return "127.0.0.1@" + std::to_string(port_);
}

// RFC 1035 section 4.1
void NameServer::serve() {
  char buffer[4096];
  while (!stopping_) {
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    auto* generic = reinterpret_cast<sockaddr*>(&peer);
    const auto size = recvfrom(socket_.get(), buffer, sizeof buffer, 0, generic, &length);
    if (size < 17) continue;
    const std::string query(buffer, static_cast<std::size_t>(size));
    const auto end = query.find('\0', 12);
    if (end == std::string::npos || end + 5 > query.size()) continue;
    const auto name = dns::decode_name(query.substr(12, end - 11));
    const int type = static_cast<unsigned char>(query[end + 1]) << 8 |
                     static_cast<unsigned char>(query[end + 2]);
    const auto reply = handler_(name.value_or("?"), type);
    if (!reply) continue;
    // An answer with recursion available, to this one question.
    std::string message = query.substr(0, 2) + number(0x8180 | reply->rcode) + number(1) +
                          number(static_cast<int>(reply->records.size())) + number(0) + number(0) +
                          query.substr(12, end - 7);
    for (const auto& rdata : reply->records) {
      message += number(0xC00C) + query.substr(end + 1, 4) + number(0) + number(60) +
                 number(static_cast<int>(rdata.size())) + rdata;
    }
    sendto(socket_.get(), message.data(), message.size(), 0, generic, length);
  }
}

}  // namespace waxwing::test
