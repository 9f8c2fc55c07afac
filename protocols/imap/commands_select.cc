#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/list.h"

namespace waxwing::imap {
namespace {

// The untagged answers of SELECT, in the order of RFC 9051 section 6.3.2 with what RFC 3501 section
// 6.3.1 has beside them.
void describe(const Conversation& conversation, std::string_view supplied, Output& output) {
  const Selected& selected = *conversation.selected;
  const View& view = selected.view();
  output << "* FLAGS (" << selected.known_flags() << ")\r\n"
         << "* OK [PERMANENTFLAGS (" << selected.permanent_flags() << ")] "
         << (selected.is_read_only() ? "Nothing can be changed here" : "Flags permitted") << "\r\n";
  output << "* " << std::to_string(view.size()) << " EXISTS\r\n";
  if (!conversation.is_rev2()) {
    output << "* " << std::to_string(selected.recent()) << " RECENT\r\n";
    if (const auto first = view.first_unseen()) {
      output << "* OK [UNSEEN " << std::to_string(*first + 1) << "] First unseen\r\n";
    }
  }
  output << "* OK [UIDVALIDITY " << std::to_string(selected.mailbox().uid_validity())
         << "] UIDs valid\r\n";
  output << "* OK [UIDNEXT " << std::to_string(view.uid_next()) << "] Next UID\r\n";
  if (conversation.is_rev2()) {
    const std::string name = selected.mailbox().name();
    const bool is_other = is_written_otherwise(conversation, name, supplied);
    write_name(conversation, name, is_other ? std::optional(supplied) : std::nullopt, output);
  }
}

// Removes what has \Deleted, whoever set it and whether or not this session has been told; of
// `only`, if given.
Outcome expunge_deleted(const Selected& selected, const SequenceSet* only) {
  const View::Version latest = selected.mailbox().view();
  std::vector<Uid> uids;
  const auto add = [&](const MessageRow& row) {
    if (row.flags.has(Flags::kDeleted)) uids.push_back(row.uid);
  };
  if (!only) {
    if (latest->deleted() == 0) return {};
    for (std::size_t index = 0; index < latest->size(); ++index) add((*latest)[index]);
  } else if (only->is_saved()) {
    for (const Uid uid : selected.saved()) {
      if (const auto index = latest->find(uid)) add((*latest)[*index]);
    }
  } else {
    for (const std::size_t index : resolve_uids(*only, *latest)) add((*latest)[index]);
  }
  if (uids.empty()) return {};
  const auto expunged = selected.mailbox().expunge(uids, Mailbox::Expunge::Deleted);
  if (!expunged) return fail(expunged.error());
  return {};
}

}  // namespace

Reply select(Conversation& conversation, Select& select, Output& output) {
  // A command that makes no sense changes nothing.
  if (!select.modifiers.empty()) return Reply::bad("Unknown parameter");
  // Whatever comes of it, the mailbox of before is no longer selected.  RFC 9051 section 6.3.2
  if (conversation.selected) {
    conversation.deselect();
    if (conversation.is_rev2()) output << "* OK [CLOSED] The mailbox before is closed\r\n";
  }
  const auto name = conversation.decode(select.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  auto mailbox = conversation.account->mailbox(*name);
  if (!mailbox) return conversation.refuse(mailbox.error());
  if (const auto refreshed = (*mailbox)->refresh(); !refreshed) {
    return conversation.refuse(refreshed.error());
  }
  const bool is_read_only = select.mode == Select::Mode::ReadOnly;
  const auto recent =
      (*mailbox)->recent(is_read_only ? Mailbox::Recent::Peek : Mailbox::Recent::Claim);
  if (!recent) return conversation.refuse(recent.error());
  conversation.selected.emplace(std::move(*mailbox),
                                is_read_only ? Selected::Mode::ReadOnly : Selected::Mode::ReadWrite,
                                *recent, conversation.services.watcher);
  describe(conversation, select.mailbox, output);
  return is_read_only ? Reply::ok("Opened for reading", "READ-ONLY")
                      : Reply::ok("Opened", "READ-WRITE");
}

Reply close(Conversation& conversation, Close&, Output&) {
  Selected& selected = *conversation.selected;
  Reply reply = Reply::ok("Closed");
  // Silently: no EXPUNGE is sent.  RFC 9051 section 6.4.1
  if (!selected.is_read_only() && !selected.mailbox().is_gone()) {
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
  return Reply::ok("Expunged");
}

}  // namespace waxwing::imap
