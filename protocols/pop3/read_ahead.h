#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "protocols/pop3/maildrop.h"

namespace waxwing::pop3 {

// Clients fetch one message after the other, and wait for each. A worker that has sent one reads
// the next small ones as well, and their RETR is then answered without another worker. At most
// kMaxBytes of memory. Held by one thread at a time.
class ReadAhead {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;

  // Message `number` is on its way. Reads those behind it when the client has come here in order.
  // May block.
  void sent(std::size_t number, Maildrop& maildrop);
  // The whole answer to RETR, when it was read ahead and the message is still there.
  std::optional<std::string> take(std::size_t number, const Maildrop& maildrop);

 private:
  bool read(std::size_t number, Maildrop& maildrop);

  struct Answer {
    std::size_t number;
    std::string text;
  };
  std::deque<Answer> answers_;  // ascending
  std::size_t bytes_ = 0;
  std::size_t last_ = 0;  // what the client fetched last
};

}  // namespace waxwing::pop3
