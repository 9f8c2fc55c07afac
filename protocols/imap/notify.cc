#include "protocols/imap/notify.h"

#include <algorithm>
#include <utility>

#include "protocols/imap/conversation.h"
#include "protocols/imap/list.h"
#include "protocols/imap/mailbox_filter.h"

namespace waxwing::imap {
namespace {

using Filter = MailboxFilter::Kind;

// The state of so many mailboxes is remembered for one session.
constexpr std::size_t kMaxListened = 1000;
// RFC 5465 section 3.1
constexpr std::string_view kNoAccess = "\\NoAccess";

std::string_view parent(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

// It is listed, and nothing can be told of what is in it.  RFC 5465 section 3.1
bool is_denied(const MailboxInfo& mailbox) {
  return mailbox.exists && !mailbox.rights.has(Rights::kRead);
}

bool is_any(const NotifyEvents& events) {
  return !(events == NotifyEvents{});
}

// Whether the client has asked for mod-sequences, and will be told them again and again, or need
// only learn where they begin.  RFC 5465 sections 3.1 and 5.1
enum class ModSeqs { Enabled, First };

void tell_status(const Conversation& conversation, std::string_view name,
                 const MailboxStatus& status, const NotifyEvents& events, ModSeqs modseqs,
                 Output& output) {
  const bool wants_first =
      modseqs == ModSeqs::First && (events.flag_change || events.annotation_change);
  const bool has_modseq =
      conversation.dialect.condstore || (wants_first && conversation.offers("CONDSTORE"));
  std::vector<StatusItem> items = {StatusItem::Messages, StatusItem::UidNext,
                                   StatusItem::UidValidity};
  if (events.flag_change) items.push_back(StatusItem::Unseen);
  if (has_modseq) items.push_back(StatusItem::HighestModSeq);
  write_status(conversation, name, status, items, output);
}

}  // namespace

Notifications::Notifications(std::vector<NotifyGroup> groups, std::weak_ptr<Watcher> watcher)
    : relay_(std::make_shared<Relay>(std::move(watcher))) {
  for (NotifyGroup& group : groups) {
    if (group.of.kind == Filter::Selected || group.of.kind == Filter::SelectedDelayed) {
      is_delayed_ = group.of.kind == Filter::SelectedDelayed;
      selected_ = std::move(group.events);
    } else {
      groups_.push_back(std::move(group));
    }
  }
}

NotifyEvents Notifications::wanted(const Conversation& conversation,
                                   const MailboxInfo& mailbox) const {
  NotifyEvents wanted;
  for (const NotifyGroup& group : groups_) {
    if (!is_matched(group.of, mailbox)) continue;
    wanted.message_new = wanted.message_new || group.events.message_new;
    wanted.message_expunge = wanted.message_expunge || group.events.message_expunge;
    wanted.flag_change = wanted.flag_change || group.events.flag_change;
    wanted.annotation_change = wanted.annotation_change || group.events.annotation_change;
    wanted.mailbox_name = wanted.mailbox_name || group.events.mailbox_name;
    wanted.subscription_change = wanted.subscription_change || group.events.subscription_change;
    wanted.metadata_change = wanted.metadata_change || group.events.metadata_change;
  }
  const auto& selected = conversation.selected;
  // Whatever it is called, of the selected mailbox is told what is wanted of that.
  const bool is_selected = selected && selected->mailbox().id() == mailbox.id;
  if (is_selected || !mailbox.exists) {
    wanted.message_new = wanted.message_expunge = false;
    wanted.flag_change = wanted.annotation_change = false;
  }
  return wanted;
}

Result<Notifications::Names> Notifications::look(const Conversation& conversation) {
  auto mailboxes = conversation.account->mailboxes();
  if (!mailboxes) return fail(mailboxes.error());
  Names names;
  for (MailboxInfo& mailbox : *mailboxes) {
    std::string name = mailbox.name;
    names.emplace(std::move(name), Known{std::move(mailbox), std::nullopt});
  }
  return names;
}

Outcome Notifications::begin(Conversation& conversation, Output& output) {
  if (groups_.empty()) return {};
  // First watch, then look: so no change falls between the two.
  conversation.account->watch(relay_);
  auto names = look(conversation);
  if (!names) return fail(names.error());
  names_ = std::move(*names);
  for (const auto& [name, known] : names_) {
    if (is_denied(known.info)) continue;
    if (wanted(conversation, known.info).message_new) unasked_.push_back(name);
  }
  if (unasked_.size() > kMaxListened) return fail(Error::Code::Limit, "too many mailboxes");
  std::ranges::reverse(unasked_);
  for (const auto& [name, known] : names_) {
    if (!is_denied(known.info) || !is_any(wanted(conversation, known.info))) continue;
    write_mailbox(conversation, known.info, std::nullopt, output, kNoAccess);
  }
  return {};
}

bool Notifications::ask(Conversation& conversation, Output* output, const Slice& slice) {
  for (; !unasked_.empty(); unasked_.pop_back()) {
    if (slice.is_over_now() || (output && output->is_full())) return false;
    const std::string& name = unasked_.back();
    const auto status = conversation.account->status(name);
    if (!status) continue;  // gone meanwhile
    Known& known = names_.find(name)->second;
    known.status = *status;
    if (output) {
      tell_status(conversation, name, *status, wanted(conversation, known.info), ModSeqs::First,
                  *output);
    }
  }
  return true;
}

Outcome Notifications::tell_mailbox(Conversation& conversation, MailboxId mailbox, Output& output) {
  const auto found = std::ranges::find_if(
      names_, [&](const auto& entry) { return entry.second.info.id == mailbox; });
  if (found == names_.end()) return {};
  auto& [name, known] = *found;
  const NotifyEvents events = wanted(conversation, known.info);
  if (!events.message_new) return {};
  const auto status = conversation.account->status(name);
  if (!status) {
    // Gone, or no longer to be read.
    const auto code = status.error().code;
    const bool is_lost = code == Error::Code::NotFound || code == Error::Code::Denied;
    return is_lost ? Outcome() : fail(status.error());
  }
  const MailboxStatus before = std::exchange(known.status, *status).value_or(MailboxStatus{});
  const bool has_other_messages =
      before.uid_next != status->uid_next || before.messages != status->messages;
  // Which of the two it was the mod-sequence does not say.
  const bool has_other_flags =
      (events.flag_change && before.unseen != status->unseen) ||
      ((events.flag_change || events.annotation_change) && conversation.dialect.condstore &&
       before.highest_modseq != status->highest_modseq);
  if (has_other_messages || has_other_flags) {
    tell_status(conversation, name, *status, events, ModSeqs::Enabled, output);
  }
  return {};
}

Outcome Notifications::tell_names(Conversation& conversation, Output& output) {
  auto looked = look(conversation);
  if (!looked) return fail(looked.error());
  Names before = std::exchange(names_, std::move(*looked));
  std::map<MailboxId, std::string_view> old_names, new_names;
  for (const auto& [name, known] : before) {
    if (known.info.exists) old_names.emplace(known.info.id, name);
  }
  for (const auto& [name, known] : names_) {
    if (known.info.exists) new_names.emplace(known.info.id, name);
  }
  const auto old_name = [&](MailboxId id) {
    const auto found = old_names.find(id);
    return found == old_names.end() ? std::string_view() : found->second;
  };
  // Where the level above was renamed likewise, this mailbox only went with it.
  const auto went_along = [&](std::string_view from, std::string_view to) {
    const auto above = names_.find(parent(to));
    return above != names_.end() && above->second.info.exists &&
           from.substr(parent(from).size()) == to.substr(parent(to).size()) &&
           old_name(above->second.info.id) == parent(from) && parent(from) != parent(to);
  };
  std::set<std::string, std::less<>> told;
  const auto tell = [&](const MailboxInfo& mailbox, std::string_view old) {
    if (!told.insert(mailbox.name).second) return;
    write_mailbox(conversation, mailbox, old.empty() ? std::nullopt : std::optional(old), output,
                  is_denied(mailbox) ? kNoAccess : std::string_view());
  };
  // The level above one that came or went has other children now.  RFC 5465 section 5.4
  const auto tell_above = [&](std::string_view name) {
    const auto above = names_.find(parent(name));
    if (above == names_.end() || parent(name).empty()) return;
    if (wanted(conversation, above->second.info).mailbox_name) tell(above->second.info, {});
  };

  for (const auto& [name, known] : before) {
    if (!known.info.exists || new_names.contains(known.info.id)) continue;
    if (!wanted(conversation, known.info).mailbox_name) continue;
    const auto there = names_.find(name);
    tell(there == names_.end() ? absent_mailbox(name) : there->second.info, {});
    tell_above(name);
  }
  std::vector<MailboxId> created;
  for (auto& [name, known] : names_) {
    const std::string_view from = known.info.exists ? old_name(known.info.id) : std::string_view();
    const auto same = before.find(name);
    if (!from.empty()) known.status = before.find(from)->second.status;
    const NotifyEvents events = wanted(conversation, known.info);
    if (known.info.exists && from.empty()) {
      created.push_back(known.info.id);
      if (!events.mailbox_name) continue;
      tell(known.info, {});
      tell_above(name);
    } else if (known.info.exists && from != name) {
      const bool is_wanted =
          events.mailbox_name || wanted(conversation, before.find(from)->second.info).mailbox_name;
      if (is_wanted && !went_along(from, name)) tell(known.info, from);
    } else if (known.info.exists && is_any(events) &&
               is_denied(known.info) != is_denied(same->second.info)) {
      // RFC 5465 section 5.9
      tell(known.info, {});
    } else {
      const bool was_subscribed = same != before.end() && same->second.info.subscribed;
      if (was_subscribed == known.info.subscribed) continue;
      if (events.subscription_change ||
          (same != before.end() && wanted(conversation, same->second.info).subscription_change)) {
        tell(known.info, {});
      }
    }
  }
  // A subscription to a name without a mailbox leaves nothing behind.
  for (const auto& [name, known] : before) {
    if (known.info.exists || !known.info.subscribed || names_.contains(name)) continue;
    if (!wanted(conversation, known.info).subscription_change) continue;
    tell(absent_mailbox(name), {});
  }
  for (const MailboxId id : created) {
    if (auto done = tell_mailbox(conversation, id, output); !done) return done;
  }
  return {};
}

// By the names that there are now: what was a subscribed mailbox need not be one under its new
// name. RFC 5465 section 6.4
Result<std::vector<Account::Annotated>> Notifications::wanted_of(
    const Conversation& conversation, std::vector<Account::Annotated> changes) const {
  if (groups_.empty() || changes.empty()) return std::vector<Account::Annotated>();
  const bool wants_server = std::ranges::any_of(
      groups_, [](const NotifyGroup& group) { return group.events.server_metadata_change; });
  const auto names = look(conversation);
  if (!names) return fail(names.error());
  std::erase_if(changes, [&](const Account::Annotated& change) {
    if (change.mailbox.empty()) return !wants_server;
    const auto now = names->find(change.mailbox);
    if (now != names->end()) return !wanted(conversation, now->second.info).metadata_change;
    // It was renamed after that, of which the client has not been told yet.
    const auto before = names_.find(change.mailbox);
    return before == names_.end() || !wanted(conversation, before->second.info).metadata_change;
  });
  return changes;
}

Outcome Notifications::learn(Conversation& conversation, const std::vector<std::string>& names) {
  if (groups_.empty()) return {};
  auto now = look(conversation);
  if (!now) return fail(now.error());
  const auto is_ours = [&](std::string_view name) {
    return std::ranges::any_of(names, [&](const std::string& tree) { return is_in(name, tree); });
  };
  std::map<MailboxId, MailboxStatus> statuses;
  std::erase_if(names_, [&](const auto& entry) {
    if (!is_ours(entry.first)) return false;
    if (entry.second.status) statuses.emplace(entry.second.info.id, *entry.second.status);
    return true;
  });
  for (auto& [name, known] : *now) {
    if (!is_ours(name)) continue;
    if (const auto status = statuses.find(known.info.id); status != statuses.end()) {
      known.status = status->second;
    }
    names_.insert_or_assign(name, std::move(known));
  }
  return {};
}

}  // namespace waxwing::imap
