#include <vector>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/message_limit.h"

namespace waxwing::imap {
namespace {

// What has \Deleted in the newest view, whoever set it and whether or not this session has been
// told; of `only`, if given. Ascending.
std::vector<std::size_t> find_deleted(const Selected& selected, const View& latest,
                                      const SequenceSet* only) {
  std::vector<std::size_t> indexes;
  const auto add = [&](std::size_t index) {
    if (latest[index].flags.has(Flags::kDeleted)) indexes.push_back(index);
  };
  if (!only) {
    if (latest.deleted() == 0) return indexes;
    for (std::size_t index = 0; index < latest.size(); ++index) add(index);
  } else if (only->is_saved()) {
    for (const Uid uid : selected.saved()) {
      if (const auto index = latest.find(uid)) add(*index);
    }
  } else {
    for (const std::size_t index : resolve_uids(*only, latest)) add(index);
  }
  return indexes;
}

// Returns whether there were any to remove.
Result<bool> expunge_deleted(const Selected& selected, const View& latest,
                             const std::vector<std::size_t>& indexes) {
  if (indexes.empty()) return false;
  std::vector<Uid> uids;
  for (const std::size_t index : indexes) uids.push_back(latest[index].uid);
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
    const View::Version latest = selected.mailbox().view();
    const auto expunged =
        expunge_deleted(selected, *latest, find_deleted(selected, *latest, nullptr));
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

Reply expunge(Conversation& conversation, Expunge& expunge, Output& output) {
  Selected& selected = *conversation.selected;
  if (selected.is_read_only()) return Reply::no("The mailbox is open for reading", "READ-ONLY");
  const View::Version latest = selected.mailbox().view();
  auto deleted = find_deleted(selected, *latest, expunge.uids ? &*expunge.uids : nullptr);
  // EXPUNGE names no messages, so it goes on with all.
  const std::string limited =
      expunge.uids ? cut_to_limit(conversation, *latest, deleted) : std::string();
  const auto expunged = expunge_deleted(selected, *latest, deleted);
  if (!expunged) return conversation.refuse(expunged.error());
  Reply reply = Reply::ok("Expunged");
  reply.tells_modseq = *expunged;
  return with_limit(conversation, limited, std::move(reply), output);
}

}  // namespace waxwing::imap
