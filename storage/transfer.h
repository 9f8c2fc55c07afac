#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/guarded_mailbox.h"
#include "storage/mailbox.h"
#include "storage/store_context.h"
#include "storage/ticket.h"

namespace waxwing {

class MaildirMailbox;

// COPY and MOVE of one command: all messages or none. A copy links the same file under a new unique
// part; a move keeps it, so that after a crash the same unique part in two folders tells of an
// unfinished move. One directory sync makes all names durable.
class Transfer {
 public:
  Transfer(StoreContext& context, MaildirMailbox& source, const Destination& target);
  ~Transfer();

  Result<Mailbox::Copied> copy(std::span<const Uid> uids);
  Result<Mailbox::Copied> move(std::span<const Uid> uids);

 private:
  enum class Unique { New, Kept };
  struct Item {
    Uid uid = 0;
    IndexEntry entry;  // at the source
    Flags flags;       // at the target
    std::vector<std::string> keywords;
  };

  bool is_within_account() const;
  Outcome gather(std::span<const Uid> uids);
  Outcome gather_slice(std::span<const Uid> uids);
  Outcome check_room();
  Outcome take();
  Outcome copy_annotations();
  Outcome copy_annotations_of(std::span<const Item> items, Uid first);
  Outcome link_all(Unique unique);
  Outcome link(const std::string& from, const std::string& to, Uid uid, std::int64_t internal_date);
  void undo();
  Outcome publish();
  Mailbox::Copied copied() const;

  StoreContext& context_;
  MaildirMailbox& source_;
  MaildirMailbox& target_;
  const Rights rights_;     // at the target
  const std::string user_;  // who does it
  std::vector<Item> items_;
  std::shared_ptr<Ticket> ticket_;
  std::string source_directory_;                     // its cur/, with a "/" behind it
  std::string target_directory_;                     // above its cur/ and tmp/
  std::vector<std::pair<Uid, std::string>> linked_;  // names made
  std::vector<std::pair<Uid, Uid>> uids_;
  bool has_annotations_ = false;
  std::vector<Uid> unused_;  // taken for what somebody has expunged
  bool grows_ = true;        // the account that gets the messages has more of them then
  bool done_ = false;
};

}  // namespace waxwing
