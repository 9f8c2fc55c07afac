#pragma once

#include <cstddef>
#include <string>

#include "protocols/input.h"

namespace waxwing::pop3 {

// RFC 2449 section 4 asks for 255 octets, before sign-in a password (1000) and SASL need more.
constexpr std::size_t kMaxCommandLine = 512;
constexpr std::size_t kMaxSignInLine = 12288;

// Cuts a client's bytes into lines. A line feed alone ends a line too: a person types that, and
// no POP3 command carries text in which it could be smuggled.
class LineReader {
 public:
  enum class Kind {
    Line,     // `line` is whole, without its end
    Wanting,  // the input holds no whole line yet
    TooLong,  // a line over the limit has been skipped to its end
  };
  struct Read {
    Kind kind;
    std::string line;
  };
  // Takes one line out of the input. The limit is `limit` octets with CRLF.
  Read next(Input& input, std::size_t limit);

 private:
  bool skipping_ = false;
};

}  // namespace waxwing::pop3
