#include "protocols/imap/quota.h"

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {
namespace {

// An account with limits is one quota root, by the name of its address: all its mailboxes share
// them.  RFC 9208 section 3.2
Result<bool> has_root(Conversation& conversation) {
  const auto limits = conversation.account->quota();
  if (!limits) return fail(limits.error());
  return !limits->is_none();
}

Outcome tell_quota(Conversation& conversation, Output& output) {
  const auto limits = conversation.account->quota();
  if (!limits) return fail(limits.error());
  const auto used = conversation.account->usage();
  if (!used) return fail(used.error());
  output << "* QUOTA " << to_astring(conversation.account->address()) << " (";
  if (limits->bytes != 0) {
    output << "STORAGE " << std::to_string(in_quota_units(used->bytes)) << " "
           << std::to_string(in_quota_units(limits->bytes));
  }
  if (limits->messages != 0) {
    output << (limits->bytes != 0 ? " " : "") << "MESSAGE " << std::to_string(used->messages) << " "
           << std::to_string(limits->messages);
  }
  output << ")\r\n";
  return {};
}

}  // namespace

Reply get_quota(Conversation& conversation, GetQuota& command, Output& output) {
  const auto has = has_root(conversation);
  if (!has) return conversation.refuse(has.error());
  if (!*has || command.root != conversation.account->address()) {
    return Reply::no("There is no such quota root", "NONEXISTENT");
  }
  if (const auto told = tell_quota(conversation, output); !told) {
    return conversation.refuse(told.error());
  }
  return Reply::ok("That is all");
}

// The mailbox need not be there.  RFC 9208 section 4.1.2
Reply get_quota_root(Conversation& conversation, GetQuotaRoot& command, Output& output) {
  const auto name = conversation.decode(command.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  const auto has = has_root(conversation);
  if (!has) return conversation.refuse(has.error());
  output << "* QUOTAROOT " << conversation.encode(*name);
  if (*has) output << " " << to_astring(conversation.account->address());
  output << "\r\n";
  if (!*has) return Reply::ok("There is no limit");
  if (const auto told = tell_quota(conversation, output); !told) {
    return conversation.refuse(told.error());
  }
  return Reply::ok("That is all");
}

}  // namespace waxwing::imap
