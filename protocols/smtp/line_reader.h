#pragma once

#include <cstddef>
#include <string>

#include "protocols/input.h"

namespace waxwing::smtp {

// The longest command line with its CRLF: 512 octets, and what MAIL may have besides: SIZE (26),
// BODY (17), SMTPUTF8 (10), AUTH (500), RET and ENVID (117) and REQUIRETLS (11), or RCPT: NOTIFY
// (28) and ORCPT (508).  RFC 5321 4.5.3.1.4, RFC 1870, 6152, 6531, 4954, 3461, 8689
constexpr std::size_t kMaxCommandLine = 512 + 26 + 17 + 10 + 500 + 117 + 11;
// AUTH and the lines of a SASL exchange, CRLF included.  RFC 4954 section 4
constexpr std::size_t kMaxSignInLine = 12288;

// Cuts a client's bytes into command lines. Only CRLF ends a line: where a line feed alone ended
// one too, an address with a line feed in it would be read as two commands.  RFC 5321 section 2.3.8
class LineReader {
 public:
  enum class Kind {
    Line,     // `line` is whole, without CRLF
    Wanting,  // the input holds no whole line yet
    TooLong,  // a line over the limit has been skipped to its end
    Broken,   // a CR or LF that is not part of CRLF: this client's lines cannot be trusted
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

}  // namespace waxwing::smtp
