#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/imap/command.h"
#include "protocols/imap/relay.h"
#include "protocols/imap/slice.h"
#include "protocols/output.h"
#include "storage/account.h"

namespace waxwing::imap {

struct Conversation;

// What a client wants to be told of at any time, by NOTIFY SET, and what it has been told of
// mailboxes that it has not selected.  RFC 5465
// Held by one thread at a time, like the session it belongs to.
class Notifications {
 public:
  // The watcher is told of changes for as long as this lives.
  Notifications(std::vector<NotifyGroup> groups, std::weak_ptr<Watcher> watcher);

  // Of the selected mailbox.
  const NotifyEvents& selected() const { return selected_; }
  // EXPUNGE waits for a command that allows it.  RFC 5465 section 6.1.2
  bool is_delayed() const { return is_delayed_; }

  // Learns what there is, and tells of what may be seen and not read. Limit when there is more than
  // can be listened to. May block.
  Outcome begin(Conversation& conversation, Output& output);
  // Then learns how the mailboxes are that are listened to; with `output`, STATUS goes there.
  // False: the slice is over or the output is full, call it again. May block.
  bool ask(Conversation& conversation, Output* output, const Slice& slice);
  // The names, or a mailbox that is not selected, have moved on: tells what is wanted. May block.
  Outcome tell_names(Conversation& conversation, Output& output);
  Outcome tell_mailbox(Conversation& conversation, MailboxId mailbox, Output& output);
  // Those of these annotations that the client wants to be told of. May block.
  Result<std::vector<Account::Annotated>> wanted_of(const Conversation& conversation,
                                                    std::vector<Account::Annotated> changes) const;
  // This client has changed a name or a subscription itself, and need not be told of it: what was
  // known of these names, and of all below them, is what there is now. May block.
  Outcome learn(Conversation& conversation, const std::vector<std::string>& names);

 private:
  struct Known {
    MailboxInfo info;
    std::optional<MailboxStatus> status;  // when it is listened to
  };
  using Names = std::map<std::string, Known, std::less<>>;

  NotifyEvents wanted(const Conversation& conversation, const MailboxInfo& mailbox) const;
  static Result<Names> look(const Conversation& conversation);

  std::shared_ptr<Relay> relay_;
  NotifyEvents selected_;
  bool is_delayed_ = false;
  std::vector<NotifyGroup> groups_;  // of other mailboxes; names as in the store
  Names names_;
  std::vector<std::string> unasked_;  // of ask(); the next is the last
};

}  // namespace waxwing::imap
