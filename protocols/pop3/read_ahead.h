#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocols/pop3/maildrop.h"
#include "protocols/pop3/session.h"

namespace waxwing::pop3 {

// Clients fetch one message after the other, and wait for each. While one is on its way a worker
// reads the next small ones, beside the session, and their RETR is then answered at once. At most
// kMaxBytes of memory. Held by one thread at a time, with its session.
class ReadAhead {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;

  explicit ReadAhead(RunBeside run_beside);
  // What is being read is forgotten.
  ~ReadAhead();

  // Message `number` is on its way. Has those behind it read when the client has come here in
  // order. Does not block.
  void sent(std::size_t number, const Maildrop& maildrop);
  // The whole answer to RETR, when it has been read and the message is still there.
  std::optional<std::string> take(std::size_t number, const Maildrop& maildrop);

 private:
  struct Shelf;  // what a worker fills and the session empties
  struct Filling;
  void forget();

  RunBeside run_beside_;
  std::shared_ptr<Shelf> shelf_;
  std::size_t last_ = 0;  // what the client fetched last
};

}  // namespace waxwing::pop3
