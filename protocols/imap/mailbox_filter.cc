#include "protocols/imap/mailbox_filter.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocols/imap/conversation.h"

namespace waxwing::imap {
namespace {

// The name is `top`, or below it by some levels: how many.
std::optional<long> levels_below(std::string_view top, std::string_view name) {
  if (!name.starts_with(top)) return std::nullopt;
  name.remove_prefix(top.size());
  if (!name.empty() && name[0] != '/') return std::nullopt;
  return std::ranges::count(name, '/');
}

}  // namespace

bool is_in(std::string_view name, std::string_view top) {
  return levels_below(top, name).has_value();
}

bool is_matched(const MailboxFilter& filter, const MailboxInfo& mailbox) {
  using Kind = MailboxFilter::Kind;
  const auto is_within = [&](long most) {
    return std::ranges::any_of(filter.mailboxes, [&](const std::string& top) {
      const auto levels = levels_below(top, mailbox.name);
      return levels && *levels <= most;
    });
  };
  switch (filter.kind) {
    case Kind::Selected:
    case Kind::SelectedDelayed: return false;
    // Mail with a "+tag" may be delivered anywhere.  RFC 5465 section 6.3
    case Kind::Inboxes:
    case Kind::Personal: return mailbox.is_personal;
    case Kind::Subscribed: return mailbox.subscribed;
    case Kind::Subtree: return is_within(std::ssize(mailbox.name));
    case Kind::SubtreeOne: return is_within(1);
    case Kind::Mailboxes: return is_within(0);
  }
  return false;
}

void decode_names(const Conversation& conversation, MailboxFilter& filter) {
  std::vector<std::string> names;
  for (const std::string& name : std::exchange(filter.mailboxes, {})) {
    if (auto decoded = conversation.decode(name)) names.push_back(std::move(*decoded));
  }
  filter.mailboxes = std::move(names);
}

}  // namespace waxwing::imap
