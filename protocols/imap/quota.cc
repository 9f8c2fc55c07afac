#include "protocols/imap/quota.h"

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {
namespace {

void tell_quota(const Account::QuotaRoot& root, Output& output) {
  const auto& [name, limits, used] = root;
  if (limits.is_none()) return;  // there is no empty list.  RFC 9208 section 7
  output << "* QUOTA " << to_astring(name) << " (";
  if (limits.bytes != 0) {
    output << "STORAGE " << std::to_string(in_quota_units(used.bytes)) << " "
           << std::to_string(in_quota_units(limits.bytes));
  }
  if (limits.messages != 0) {
    output << (limits.bytes != 0 ? " " : "") << "MESSAGE " << std::to_string(used.messages) << " "
           << std::to_string(limits.messages);
  }
  output << ")\r\n";
}

Reply refuse_root(const Conversation& conversation, const Error& error) {
  if (error.code == Error::Code::NotFound) {
    return Reply::no("There is no such quota root", "NONEXISTENT");
  }
  return conversation.refuse(error);
}

}  // namespace

// An account without limits is no quota root; but an administrator, who may give it some, asks for
// it by its name.
Reply get_quota(Conversation& conversation, GetQuota& command, Output& output) {
  const auto root = conversation.account->quota_root(command.root);
  if (!root) return refuse_root(conversation, root.error());
  if (root->limits.is_none() && !conversation.identity->is_administrator) {
    return Reply::no("There is no such quota root", "NONEXISTENT");
  }
  tell_quota(*root, output);
  return Reply::ok("That is all");
}

// The mailbox need not be there.  RFC 9208 section 4.1.2
Reply get_quota_root(Conversation& conversation, GetQuotaRoot& command, Output& output) {
  const auto name = conversation.decode(command.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  const auto root = conversation.account->quota_root_of(*name);
  if (!root) return conversation.refuse(root.error());
  output << "* QUOTAROOT " << conversation.encode(*name);
  if (!root->limits.is_none()) output << " " << to_astring(root->name);
  output << "\r\n";
  if (root->limits.is_none()) return Reply::ok("There is no limit");
  tell_quota(*root, output);
  return Reply::ok("That is all");
}

// RFC 9208 section 4.1.3: what is not named has no limit then.
Reply set_quota(Conversation& conversation, SetQuota& command, Output& output) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 50;
  QuotaLimits limits;
  for (const auto& [resource, limit] : command.limits) {
    if (limit > kMost) return Reply::no("That is more than any server has", "LIMIT");
    if (resource == "STORAGE") {
      // Nothing at all cannot be said: 0 is no limit in the directory.
      limits.bytes = limit == 0 ? 1 : limit * 1024;
    } else if (resource == "MESSAGE" && limit != 0) {
      limits.messages = limit;
    } else {
      return Reply::no("Limits are on STORAGE and MESSAGE, and above 0 for the latter", "CANNOT");
    }
  }
  const auto root = conversation.account->set_quota(command.root, limits);
  if (!root) return refuse_root(conversation, root.error());
  tell_quota(*root, output);
  return Reply::ok("Set");
}

}  // namespace waxwing::imap
