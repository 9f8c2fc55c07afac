#pragma once

#include <memory>
#include <vector>

#include "protocols/imap/sequence_set.h"
#include "protocols/imap/task.h"
#include "protocols/output.h"
#include "protocols/session.h"
#include "storage/types.h"

namespace waxwing::imap {

struct Conversation;

// What a client is told that it did not ask for by the command under way: what is new in its
// mailbox, what that means for the results of searches that are kept up, and, after NOTIFY, what is
// new elsewhere. Held by one thread at a time, like the session it belongs to.
class Telling {
 public:
  explicit Telling(Conversation& conversation) : conversation_(conversation) {}

  struct Occasion {
    bool may_expunge = false;
    bool has_expunged = false;  // the client itself has, and waits to hear of it
  };
  // What is new in the selected mailbox. False: the output is full and there is more to tell.
  // Nothing while is_updating(). Does not block.
  bool changes(const Occasion& occasion, Output& output);
  // Someone has deleted the selected mailbox: says goodbye.
  void mailbox_gone(Output& output);

  // Results of searches may be others now. update() looks and tells; it blocks.
  bool wants_update() const;
  // It has begun to.
  bool is_updating() const;
  Progress update(Output& output);

  // When something is told that waits for no command.
  enum class Moment { InCommand, Idle, BetweenCommands };
  // A mailbox has moved on. True: it is for push() to tell.
  bool heard(MailboxId mailbox, Moment moment);
  // There is something to tell at this moment. push() tells it; it blocks.
  bool has_push(Moment moment) const;
  Progress push(Moment moment, Output& output);
  // Some of a line of push() or update() is sent, and some is not. When they are Done and it is so,
  // the connection ends.
  bool is_amid_line() const;
  // Nobody is signed in any more.
  void forget();

 private:
  // The client is told of these messages, by push() or update().
  std::unique_ptr<Task> fetch_of(SequenceSet uids, std::vector<FetchItem> items) const;
  std::unique_ptr<Task> fetch_arrivals();
  // Once it is Done the task is gone; but where it ended amid a line, and nothing may follow.
  Progress run(std::unique_ptr<Task>& task, Output& output);
  Outcome push_moved(MailboxId mailbox, Moment moment, Output& output);

  Conversation& conversation_;
  std::vector<MailboxId> moved_;   // after NOTIFY
  std::unique_ptr<Task> pushing_;  // the FETCH that NOTIFY wants of new messages
};

}  // namespace waxwing::imap
