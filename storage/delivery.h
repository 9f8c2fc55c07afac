#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/spooling.h"
#include "storage/staged_message.h"
#include "storage/store_context.h"
#include "storage/ticket.h"

namespace waxwing {

class MaildirMailbox;

// Puts one message into any number of mailboxes, and into the queue: into all of them, durably, or
// into none.
//   write the file in staging/ -> take UIDs -> link it under its final names -> one fsync
//   -> rows into the index, in UID order -> acknowledged
// Nobody learns of the message before the fsync. After it nothing fails: an index that does not
// take the row catches up later. Before it any failure removes all names.
class Delivery {
 public:
  // The message must live as long and be finished.
  Delivery(StoreContext& context, StagedMessage& message, Time internal_date);
  ~Delivery();

  // `prefix`: put before the message in this mailbox; who has the same shares one file.
  void add(std::shared_ptr<MaildirMailbox> mailbox, const std::string& prefix, Flags flags);
  // Into the queue as well. After the mailboxes; `outgoing` lives as long.
  void add(Store::Outgoing& outgoing, std::string_view prefix);
  Outcome run();
  // One for each add(), in its order. After run().
  std::vector<Uid> uids() const;

 private:
  // One file: the message behind one prefix.
  struct Variant {
    std::string prefix;
    std::string path;  // in staging/; empty once it has its final name
    Fd file;
    std::shared_ptr<const Parsed> parsed;
  };
  struct Place {
    std::shared_ptr<MaildirMailbox> mailbox;
    std::size_t variant = 0;
    Flags flags;
    std::shared_ptr<Ticket> ticket;
    std::string path;       // the final name
    std::string directory;  // it lies in
    std::string temporary;  // a directory of the same file system
    bool linked = false;
  };

  Outcome write(Variant& variant, const std::string& directory);
  Outcome take(Place& place);
  Outcome link_all();
  Outcome spool();
  Outcome link(Variant& variant, Place& place, bool last);
  Outcome write_again(const Variant& variant, Place& place);
  Outcome sync();
  void undo();
  void publish();

  StoreContext& context_;
  StagedMessage& message_;
  const std::int64_t internal_date_;
  std::vector<Variant> variants_;
  std::vector<Place> places_;
  std::optional<Spooling> spooling_;
  bool done_ = false;
};

}  // namespace waxwing
