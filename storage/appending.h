#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/access.h"
#include "storage/mailbox.h"
#include "storage/staged_message.h"
#include "storage/store_context.h"
#include "storage/ticket.h"

namespace waxwing {

class MaildirMailbox;

// Puts messages into one mailbox, and takes one away if so wished: all of it, durably, or nothing.
//   write the files in staging/ -> take UIDs -> annotate -> give them their final names -> sync
//   -> one commit or one entry in the list of what waits for the index -> acknowledged
// Nobody learns of any of them before all are durable. A crash in between leaves those that had
// their names already, as a crash in a COPY does: nothing was acknowledged then.
class Appending {
 public:
  // The messages must live as long.
  Appending(StoreContext& context, MaildirMailbox& target,
            std::span<const Mailbox::NewMessage> messages);
  ~Appending();

  // This message of the same account leaves in the same commit. Before run().
  void replace(MaildirMailbox& source, Uid uid);
  // The UIDs, in the order of the messages. Cancelled: what was to be replaced is gone.
  Result<std::vector<Uid>> run();

 private:
  struct Item {
    StagedMessage* message = nullptr;
    std::int64_t internal_date = 0;
    Flags flags;
    Fd file;           // of a message that comes alone
    std::string path;  // the final name
    bool is_there = false;
  };

  Outcome prepare();
  Outcome check_room();
  Outcome choose_flags();
  Outcome write(Item& item);
  Outcome take();
  Outcome skip_uids(Access& access);
  Outcome annotate(Access& access);
  Outcome place(Item& item);
  Outcome place_copy(Item& item);
  Outcome sync();
  Outcome synced(Outcome done);
  Outcome publish();
  Outcome publish_replacement();
  void undo();

  StoreContext& context_;
  MaildirMailbox& target_;
  std::span<const Mailbox::NewMessage> messages_;
  std::vector<Item> items_;
  MaildirMailbox* source_ = nullptr;
  Uid replaced_ = 0;
  std::shared_ptr<Ticket> ticket_;
  std::string directory_;  // above cur/ and tmp/
  bool done_ = false;
};

}  // namespace waxwing
