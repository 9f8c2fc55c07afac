#include <vector>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {
namespace {

// Removes what has \Deleted, whoever set it and whether or not this session has been told; of
// `only`, if given. Returns whether there was any.
Result<bool> expunge_deleted(const Selected& selected, const SequenceSet* only) {
  const View::Version latest = selected.mailbox().view();
  std::vector<Uid> uids;
  const auto add = [&](const MessageRow& row) {
    if (row.flags.has(Flags::kDeleted)) uids.push_back(row.uid);
  };
  if (!only) {
    if (latest->deleted() == 0) return false;
    for (std::size_t index = 0; index < latest->size(); ++index) add((*latest)[index]);
  } else if (only->is_saved()) {
    for (const Uid uid : selected.saved()) {
      if (const auto index = latest->find(uid)) add((*latest)[*index]);
    }
  } else {
    for (const std::size_t index : resolve_uids(*only, *latest)) add((*latest)[index]);
  }
  if (uids.empty()) return false;
  const auto expunged = selected.mailbox().expunge(uids, Mailbox::Expunge::Deleted);
  if (!expunged) return fail(expunged.error());
  return !expunged->empty();
}

}  // namespace

Reply close(Conversation& conversation, Close&, Output&) {
  Selected& selected = *conversation.selected;
  Reply reply = Reply::ok("Closed");
  // Silently: no EXPUNGE is sent.  RFC 9051 section 6.4.1
  // Without the right to expunge it only closes.  RFC 4314 section 4
  if (!selected.is_read_only() && !selected.mailbox().is_gone() &&
      selected.mailbox().rights().has(Rights::kExpunge)) {
    const auto expunged = expunge_deleted(selected, nullptr);
    if (!expunged) reply = conversation.refuse(expunged.error());
  }
  conversation.deselect();
  return reply;
}

Reply unselect(Conversation& conversation, Unselect&, Output&) {
  conversation.deselect();
  return Reply::ok("Closed, and nothing expunged");
}

// Like NOOP, and looks at the directory for what other programs did.
Reply check(Conversation& conversation, Check&, Output&) {
  if (const auto refreshed = conversation.selected->mailbox().refresh(); !refreshed) {
    return conversation.refuse(refreshed.error());
  }
  return Reply::ok("Checked");
}

Reply expunge(Conversation& conversation, Expunge& expunge, Output&) {
  Selected& selected = *conversation.selected;
  if (selected.is_read_only()) return Reply::no("The mailbox is open for reading", "READ-ONLY");
  const auto expunged = expunge_deleted(selected, expunge.uids ? &*expunge.uids : nullptr);
  if (!expunged) return conversation.refuse(expunged.error());
  Reply reply = Reply::ok("Expunged");
  reply.tells_modseq = *expunged;
  return reply;
}

}  // namespace waxwing::imap
