#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"

struct ssl_st;

namespace waxwing::bench {

struct Endpoint {
  std::string host = "127.0.0.1";
  int port = 0;
  bool tls = false;
};

// A blocking client connection to loopback that costs as little as it can, so that the two cores
// are the server's. Throws std::runtime_error when the server misbehaves. Held by one thread at a
// time.
class Client {
 public:
  explicit Client(const Endpoint& endpoint);
  ~Client();
  Client(Client&&) noexcept;

  void send(std::string_view bytes);
  // The next line, without CRLF; valid until the next call.
  std::string_view line();
  // Reads and forgets `count` bytes.
  void skip(std::uint64_t count);

  // SMTP: reads a whole reply and checks the first digit of its code.
  void smtp(char expected);
  // POP3: reads a line and checks that it is +OK.
  void pop3();
  // POP3: reads up to the line with a single dot; returns the bytes that came.
  std::uint64_t pop3_text();
  // IMAP: sends the command with a tag of its own and reads up to its OK, literals and all. Returns
  // the bytes that came.
  std::uint64_t imap(std::string_view command);

 private:
  void fill();

  Fd socket_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
  std::string buffer_;  // between read_ and end_ is what has come and is unread
  std::size_t read_ = 0, end_ = 0;
  std::size_t chunk_ = 16 * 1024;  // asked of the system at once
  std::uint64_t received_ = 0;
  int tag_ = 0;
};

}  // namespace waxwing::bench
