#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "storage/index_db.h"

namespace waxwing {

class MaildirMailbox;

// UIDs that were taken in one mailbox for messages on their way in. Made and looked at under the
// account's lock; in between its owner alone writes files and fills in `messages`.
struct Ticket {
  enum class State {
    Pending,  // its owner is writing
    Ready,    // durable; waits for lower UIDs
    GivenUp,  // its UIDs stay unused
    Published,
    Failed,  // a MOVE or REPLACE that could not be: `error`
  };
  struct Arrival {
    IndexEntry entry;
    std::shared_ptr<const Parsed> parsed;  // null: read from the file when somebody asks
    std::int64_t copy_of = 0;              // or those of this key in the same index are taken
  };

  std::shared_ptr<MaildirMailbox> mailbox;
  Uid first = 0;
  std::size_t count = 0;
  std::vector<Arrival> messages;  // ascending
  // MOVE: these leave another mailbox of the account in the same commit.
  std::shared_ptr<MaildirMailbox> source;
  std::vector<Uid> moved;
  // REPLACE: what leaves has to be there still.
  bool is_replacement = false;
  // Set by the owner without the lock: who holds it commits all that is ready in one transaction.
  std::atomic<State> state{State::Pending};
  Error error;  // under the lock
};

}  // namespace waxwing
