#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/transcripts/transcript.h"

namespace waxwing::transcripts {

// A client's end of one connection.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual void send(std::string_view bytes) = 0;
  // The server's next line without CRLF; nothing when it says no more. The live wire waits for it.
  virtual std::optional<std::string> line() = 0;
  // The server has closed, or does so soon.
  virtual bool is_closed() = 0;
  virtual void close() = 0;
  virtual void start_tls() = 0;
  // From here on both sides compress.  RFC 4978
  virtual void compress() = 0;
};

// A server in the world of a transcript, with accounts that nobody has used.
class Server {
 public:
  virtual ~Server() = default;
  virtual std::unique_ptr<Wire> connect(std::uint16_t port) = 0;
  // Whether Wire::line() knows at once that nothing more will come.
  virtual bool answers_at_once() const = 0;
};

// Plays the transcript. An empty string when all went as written, otherwise what did not, and
// where.
std::string play(const Transcript& transcript, Server& server);

}  // namespace waxwing::transcripts
