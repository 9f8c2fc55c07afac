#pragma once

#include <cstddef>
#include <string_view>

namespace waxwing::smtp {

// Finds the end of the message text behind DATA and takes the stuffed dots out. It knows one end
// only, CRLF "." CRLF: anything laxer lets a message smuggle commands past a server that is
// stricter. RFC 5321 sections 4.1.1.4 and 4.5.2
class DataReader {
 public:
  struct Read {
    std::string_view text;  // message text, in `bytes` or constant; may be empty
    std::size_t used = 0;   // so many of the bytes are done with
    bool ended = false;     // the bytes behind them are commands again
  };
  // `bytes` are the next of the stream and not empty; call again with those that are not used.
  Read read(std::string_view bytes);

 private:
  // Where in a line the stream stands, counting nothing but CRLF as the end of one.
  enum class At { LineStart, Dot, DotCr, Middle, Cr };
  At at_ = At::LineStart;
};

}  // namespace waxwing::smtp
