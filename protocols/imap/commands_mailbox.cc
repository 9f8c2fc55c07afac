#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/list.h"
#include "protocols/imap/object_id.h"
#include "storage/namespaces.h"

namespace waxwing::imap {
namespace {

// So many names a client may subscribe that no mailbox has: every LSUB goes through all of them.
constexpr std::ptrdiff_t kMaxLooseSubscriptions = 1000;

// No mailbox lies deeper, and the levels of such a name are a lot of text.
constexpr std::ptrdiff_t kMaxLevels = 32;

// Is there no room for this name?
Result<bool> is_one_too_many(Account& account, std::string_view name) {
  const auto mailboxes = account.mailboxes();
  if (!mailboxes) return fail(mailboxes.error());
  const auto known = std::ranges::find(*mailboxes, name, &MailboxInfo::name);
  if (known != mailboxes->end() && (known->exists || known->subscribed)) return false;
  if (std::ranges::count(name, '/') >= kMaxLevels) return true;
  return std::ranges::count_if(*mailboxes, [](const MailboxInfo& mailbox) {
           return mailbox.subscribed && !mailbox.exists;
         }) >= kMaxLooseSubscriptions;
}

// The client need not be told of what it has done itself.  RFC 5465 section 5
void know(Conversation& conversation, const std::vector<std::string>& names) {
  if (!conversation.notifications) return;
  // If that cannot be, it is told.
  (void)conversation.notifications->learn(conversation, names);
}

// A name that no mailbox can have, in the words of decode_name().
Reply bad_name(const Error& error) {
  return Reply::no(error.text, "CANNOT");
}

// Of which limit it is that a name meets the client hears.
Reply refuse_name(const Conversation& conversation, const Error& error) {
  if (error.code != Error::Code::Limit) return conversation.refuse(error);
  return Reply::no("That cannot be made: " + error.text, "LIMIT");
}

}  // namespace

Reply enable(Conversation& conversation, Enable& enable, Output& output) {
  Dialect& dialect = conversation.dialect;
  std::string enabled;
  bool wants_condstore = false;
  // What is unknown is passed over, and so is what is enabled already.  RFC 5161 section 3.1
  for (const std::string& capability : enable.capabilities) {
    if (!conversation.offers(capability)) continue;
    if (capability == "IMAP4REV2" && !conversation.is_rev2()) {
      dialect.revision = Revision::Rev2;
      enabled += " IMAP4rev2";
    } else if (capability == "CONDSTORE" && !std::exchange(wants_condstore, true)) {
      if (!dialect.condstore) enabled += " CONDSTORE";
    } else if (capability == "UIDONLY" && !dialect.uid_only) {
      dialect.uid_only = true;
      enabled += " UIDONLY";
    } else if (capability == "METADATA" && !dialect.metadata) {
      conversation.enable_metadata();
      enabled += " METADATA";
    } else if (capability == "QRESYNC" && !dialect.qresync) {
      dialect.qresync = true;
      wants_condstore = true;
      enabled += " QRESYNC";
    } else if (capability == "UTF8=ACCEPT" && !dialect.utf8) {
      dialect.utf8 = true;
      enabled += " UTF8=ACCEPT";
    }
  }
  output << "* ENABLED" << enabled << "\r\n";
  if (dialect.uid_only && conversation.selected) {
    for (const auto& line : conversation.selected->contexts().end_numbered()) output << line;
  }
  if (wants_condstore) conversation.enable_condstore(output);
  return Reply::ok("Enabled");
}

Reply create(Conversation& conversation, Create& create, Output& output) {
  const auto name = conversation.decode(create.mailbox);
  if (!name) return bad_name(name.error());
  SpecialUse use = SpecialUse::None;
  for (const std::string& word : create.special_use) {
    const auto found = to_special_use(word);
    // One use for one mailbox.  RFC 6154 section 3
    if (!found || use != SpecialUse::None) {
      return Reply::no("A mailbox cannot be made for that use", "USEATTR");
    }
    use = *found;
  }
  const auto made = conversation.account->create(*name, use);
  if (!made) return refuse_name(conversation, made.error());
  know(conversation, {*name});
  if (is_written_otherwise(conversation, *name, create.mailbox)) {
    write_name(conversation, *name, create.mailbox, output);
  }
  if (!conversation.offers("OBJECTID")) return Reply::ok("Created");
  // RFC 8474 section 4.1
  return Reply::ok("Created",
                   "MAILBOXID (" + mailbox_id((*made)->id(), (*made)->uid_validity()) + ")");
}

Reply remove(Conversation& conversation, Delete& command, Output& output) {
  const auto name = conversation.decode(command.mailbox);
  if (!name) return bad_name(name.error());
  if (const auto removed = conversation.account->remove(*name); !removed) {
    return conversation.refuse(removed.error());
  }
  know(conversation, {*name});
  // The client knows what it has deleted, so it is not sent away as others are.
  if (conversation.selected && conversation.selected->mailbox().is_gone()) {
    conversation.selected.reset();
    output << "* OK [CLOSED] The selected mailbox is the one deleted\r\n";
  }
  if (is_written_otherwise(conversation, *name, command.mailbox)) {
    write_name(conversation, *name, command.mailbox, output);
  }
  return Reply::ok("Deleted");
}

Reply rename(Conversation& conversation, Rename& rename, Output& output) {
  const auto from = conversation.decode(rename.from);
  if (!from) return bad_name(from.error());
  const auto to = conversation.decode(rename.to);
  if (!to) return bad_name(to.error());
  if (const auto renamed = conversation.account->rename(*from, *to); !renamed) {
    return refuse_name(conversation, renamed.error());
  }
  know(conversation, {*from, *to});
  if (is_written_otherwise(conversation, *from, rename.from) ||
      is_written_otherwise(conversation, *to, rename.to)) {
    write_name(conversation, *to, rename.from, output);
  }
  return Reply::ok("Renamed");
}

Reply subscribe(Conversation& conversation, Subscribe& subscribe, Output&) {
  const auto name = conversation.decode(subscribe.mailbox);
  if (!name) return bad_name(name.error());
  const auto is_refused = is_one_too_many(*conversation.account, *name);
  if (!is_refused) return conversation.refuse(is_refused.error());
  if (*is_refused) return Reply::no("There are too many subscriptions", "LIMIT");
  if (const auto done = conversation.account->subscribe(*name); !done) {
    return conversation.refuse(done.error());
  }
  know(conversation, {*name});
  return Reply::ok("Subscribed");
}

Reply unsubscribe(Conversation& conversation, Unsubscribe& unsubscribe, Output&) {
  const auto name = conversation.decode(unsubscribe.mailbox);
  if (!name) return bad_name(name.error());
  const auto done = conversation.account->unsubscribe(*name);
  // Who wants it gone has it gone.
  if (!done && done.error().code != Error::Code::NotFound) {
    return conversation.refuse(done.error());
  }
  know(conversation, {*name});
  return Reply::ok("Unsubscribed");
}

// Who has nothing of others is told of no place for it: some clients ask for all that they hear of.
Reply namespaces(Conversation& conversation, Namespace&, Output& output) {
  const auto others = conversation.account->other_namespaces();
  if (!others) return conversation.refuse(others.error());
  const auto tell = [&](bool is_there, std::string_view prefix) {
    output << " ";
    if (is_there) {
      output << "((\"" << prefix << "\" \"/\"))";
    } else {
      output << "NIL";
    }
  };
  output << "* NAMESPACE ((\"\" \"/\"))";
  tell(others->users, kUsersPrefix);
  tell(others->shared, kSharedPrefix);
  output << "\r\n";
  return Reply::ok("That is all");
}

Reply status(Conversation& conversation, Status& status, Output& output) {
  const auto name = conversation.decode(status.mailbox);
  if (!name) return bad_name(name.error());
  const auto found = conversation.account->status(*name);
  if (!found) return conversation.refuse(found.error());
  if (std::ranges::count(status.items, StatusItem::HighestModSeq) > 0) {
    conversation.enable_condstore(output);
  }
  write_status(conversation, *name, *found, status.items, output);
  return Reply::ok("That is all");
}

}  // namespace waxwing::imap
