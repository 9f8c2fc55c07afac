#include "protocols/imap/list.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "protocols/imap/acl.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/metadata.h"
#include "protocols/imap/name.h"
#include "protocols/imap/object_id.h"
#include "protocols/imap/quota.h"
#include "protocols/imap/slice.h"

namespace waxwing::imap {
namespace {

constexpr std::array<std::pair<SpecialUse, std::string_view>, 8> kUses = {{
    {SpecialUse::All, "\\All"},
    {SpecialUse::Archive, "\\Archive"},
    {SpecialUse::Drafts, "\\Drafts"},
    {SpecialUse::Flagged, "\\Flagged"},
    {SpecialUse::Junk, "\\Junk"},
    {SpecialUse::Sent, "\\Sent"},
    {SpecialUse::Trash, "\\Trash"},
    {SpecialUse::Important, "\\Important"},
}};

// Each pattern is matched against each name.
constexpr std::size_t kMaxListPatterns = 100;
constexpr std::size_t kMaxPatternBytes = 16 * 1024;
// Of one pattern; no client asks for so many levels.
constexpr std::size_t kMaxWildcards = 100;

// The words that XLIST had before RFC 6154.
std::string_view xlist_attribute(SpecialUse use) {
  switch (use) {
    case SpecialUse::All: return "\\AllMail";
    case SpecialUse::Flagged: return "\\Starred";
    case SpecialUse::Junk: return "\\Spam";
    default: return {};
  }
}

// LIST, LSUB and XLIST.  RFC 9051 section 6.3.9, RFC 5258, RFC 5819
class ListTask final : public Task {
 public:
  explicit ListTask(List command) : command_(std::move(command)) {}
  Step run(Conversation& conversation, Output& output) override;

 private:
  Step begin(Conversation& conversation, Output& output);
  bool matches(std::string_view name) const;
  bool is_selected_by_options(const MailboxInfo& mailbox) const;
  void look_below(const MailboxInfo& mailbox);
  void write_line(const Conversation& conversation, const MailboxInfo& mailbox, bool for_child,
                  Output& output) const;
  void list_one(Conversation& conversation, const MailboxInfo& mailbox, Output& output) const;
  void list_metadata(Conversation& conversation, const MailboxInfo& mailbox, Output& output) const;

  List command_;
  std::vector<Pattern> patterns_;
  std::vector<MailboxInfo> mailboxes_;
  // Levels with something below that the selection options want; in the names of mailboxes_.
  std::set<std::string_view> levels_;
  bool wants_levels_ = false;
  std::size_t next_below_ = 0;
  std::size_t next_ = 0;
  bool has_begun_ = false;
};

Step ListTask::run(Conversation& conversation, Output& output) {
  if (!has_begun_) {
    has_begun_ = true;
    const Step step = begin(conversation, output);
    if (step == Step::Done) return step;
  }
  const Slice slice(conversation.services.clock);
  while (wants_levels_ && next_below_ < mailboxes_.size()) {
    look_below(mailboxes_[next_below_++]);
    if (slice.is_over_now()) return Step::Yield;
  }
  while (next_ < mailboxes_.size()) {
    if (output.is_full()) return Step::Again;
    if (slice.is_over_now()) return Step::Yield;
    list_one(conversation, mailboxes_[next_++], output);
  }
  return done(Reply::ok("That is all"));
}

// Done when the command is answered without a look at the mailboxes.
Step ListTask::begin(Conversation& conversation, Output& output) {
  // An empty pattern asks for the separator, in the basic syntax.  RFC 9051 section 6.3.9, RFC 5258
  // section 3
  if (command_.kind != List::Kind::Lsub && !command_.is_extended && command_.patterns[0].empty()) {
    output << (command_.kind == List::Kind::Xlist ? "* XLIST" : "* LIST")
           << " (\\Noselect) \"/\" \"\"\r\n";
    return done(Reply::ok("That is all"));
  }
  // RECURSIVEMATCH alone, or with nothing but REMOTE, selects nothing.  RFC 5258 section 3
  const auto& selection = command_.selection;
  if (selection.recursive_match && !selection.subscribed && !selection.special_use) {
    return done(Reply::bad("RECURSIVEMATCH wants a selection option beside it"));
  }
  std::size_t bytes = 0;
  for (const std::string& pattern : command_.patterns) {
    auto canonical = canonical_pattern(command_.reference, pattern, conversation.encoding());
    if (!canonical) continue;
    bytes += canonical->size();
    patterns_.emplace_back(*canonical);
  }
  const bool has_too_wild = std::ranges::any_of(
      patterns_, [](const Pattern& pattern) { return pattern.wildcards() > kMaxWildcards; });
  if (has_too_wild) return done(Reply::no("The pattern has too many wildcards", "LIMIT"));
  if (patterns_.size() > kMaxListPatterns || bytes > kMaxPatternBytes) {
    return done(Reply::no("These are too many patterns", "LIMIT"));
  }
  wants_levels_ = selection.recursive_match || command_.kind == List::Kind::Lsub;
  auto mailboxes = conversation.account->mailboxes();
  if (!mailboxes) return done(conversation.refuse(mailboxes.error()));
  mailboxes_ = std::move(*mailboxes);
  if (std::ranges::count(command_.returns.status, StatusItem::HighestModSeq) > 0) {
    conversation.enable_condstore(output);
  }
  return Step::Yield;
}

bool ListTask::matches(std::string_view name) const {
  return std::ranges::any_of(patterns_,
                             [&](const Pattern& pattern) { return pattern.matches(name); });
}

bool ListTask::is_selected_by_options(const MailboxInfo& mailbox) const {
  if (command_.kind == List::Kind::Lsub) return mailbox.subscribed;
  const auto& selection = command_.selection;
  if (selection.subscribed && !mailbox.subscribed) return false;
  if (selection.special_use && mailbox.special_use == SpecialUse::None) return false;
  if (selection.subscribed || selection.special_use) return true;
  // A level without a mailbox is listed for the sake of what is below it; a subscription alone is
  // no mailbox.
  return mailbox.exists || mailbox.has_children;
}

// Notes the levels above a mailbox that the selection options want: the pattern may reach only
// them.
void ListTask::look_below(const MailboxInfo& mailbox) {
  if (!is_selected_by_options(mailbox)) return;
  // LSUB tells of a level only when the pattern cannot name the mailbox itself.
  if (command_.kind == List::Kind::Lsub && matches(mailbox.name)) return;
  const std::string_view name = mailbox.name;
  for (auto slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) {
    levels_.insert(name.substr(0, slash));
  }
}

void ListTask::list_one(Conversation& conversation, const MailboxInfo& mailbox,
                        Output& output) const {
  if (!matches(mailbox.name)) return;
  const bool is_wanted = is_selected_by_options(mailbox);
  bool for_child = false;
  // RFC 5258 section 3.5; RFC 3501 section 6.3.9: LSUB "%" and a subscribed "foo/bar".
  if (command_.selection.recursive_match || (command_.kind == List::Kind::Lsub && !is_wanted)) {
    for_child = levels_.contains(mailbox.name);
  }
  if (!is_wanted && !for_child) return;
  MailboxInfo line = mailbox;
  if (command_.kind == List::Kind::Lsub && !is_wanted) line.exists = false;
  write_line(conversation, line, for_child, output);

  if (!command_.returns.metadata.empty() && mailbox.exists) {
    list_metadata(conversation, mailbox, output);
  }
  if (command_.returns.my_rights && mailbox.exists && is_wanted) {
    write_my_rights(conversation, mailbox.name, mailbox.rights, output);
  }
  if (command_.returns.status.empty() || !mailbox.exists) return;
  // One that vanishes meanwhile has no STATUS line.  RFC 5819 section 2
  const auto status = conversation.account->status(mailbox.name);
  if (!status) return;
  write_status(conversation, mailbox.name, *status, command_.returns.status, output);
}

// The entries asked for, those without a value as well.  RFC 9590
void ListTask::list_metadata(Conversation& conversation, const MailboxInfo& mailbox,
                             Output& output) const {
  const auto known = all_annotations(conversation, mailbox);
  if (!known) return;  // gone meanwhile
  std::vector<Annotation> found;
  std::size_t size = 0;
  for (const std::string& entry : command_.returns.metadata) {
    const auto value = known->find(entry);
    const bool is_there = value != known->end();
    size += is_there ? value->second.size() : 0;
    // More than that is for GETMETADATA.
    if (size > kMaxAnnotations) break;
    found.emplace_back(entry, is_there ? std::optional(value->second) : std::nullopt);
  }
  write_metadata(conversation, mailbox.name, found, output);
}

void ListTask::write_line(const Conversation& conversation, const MailboxInfo& mailbox,
                          bool for_child, Output& output) const {
  std::string attributes;
  const auto add = [&](std::string_view attribute) {
    if (attribute.empty()) return;
    if (!attributes.empty()) attributes += ' ';
    attributes += attribute;
  };
  const bool is_extended = command_.is_extended || conversation.is_rev2();
  if (!mailbox.exists) {
    // \NonExistent says \Noselect too, to those who know it.  RFC 5258 section 3
    if (is_extended && command_.kind == List::Kind::List) add("\\NonExistent");
    add("\\Noselect");
  }
  if (command_.kind == List::Kind::List &&
      (command_.selection.subscribed || command_.returns.subscribed) && mailbox.subscribed) {
    add("\\Subscribed");
  }
  // A name that is listed for what is below it has something below it, be it a subscription alone.
  const bool has_children = mailbox.has_children || (for_child && !mailbox.exists);
  add(has_children ? "\\HasChildren" : "\\HasNoChildren");
  // Always: Outlook reads them from LSUB, K-9 from LIST, and no client minds.
  add(to_attribute(mailbox.special_use));
  if (command_.kind == List::Kind::Xlist) {
    if (mailbox.name == "INBOX") add("\\Inbox");
    add(xlist_attribute(mailbox.special_use));
  }
  switch (command_.kind) {
    case List::Kind::List: output << "* LIST ("; break;
    case List::Kind::Lsub: output << "* LSUB ("; break;
    case List::Kind::Xlist: output << "* XLIST ("; break;
  }
  output << attributes << ") \"/\" " << conversation.encode(mailbox.name);
  if (for_child && command_.selection.recursive_match) {
    std::string children;
    if (command_.selection.subscribed) children += "\"SUBSCRIBED\"";
    if (command_.selection.special_use) {
      children += children.empty() ? "\"SPECIAL-USE\"" : " \"SPECIAL-USE\"";
    }
    output << " (\"CHILDINFO\" (" << children << "))";
  }
  output << "\r\n";
}

}  // namespace

std::optional<SpecialUse> to_special_use(std::string_view attribute) {
  for (const auto& [use, name] : kUses) {
    if (equals_ignoring_case(name, attribute)) return use;
  }
  return std::nullopt;
}

std::string_view to_attribute(SpecialUse use) {
  const auto* found =
      std::ranges::find(kUses, use, &std::pair<SpecialUse, std::string_view>::first);
  return found == kUses.end() ? std::string_view() : found->second;
}

void write_status(const Conversation& conversation, std::string_view name,
                  const MailboxStatus& status, const std::vector<StatusItem>& items,
                  Output& output) {
  output << "* STATUS " << conversation.encode(name) << " (";
  std::string_view separator;
  const auto add = [&](std::string_view item, std::uint64_t value) {
    output << separator << item << " " << std::to_string(value);
    separator = " ";
  };
  for (const StatusItem item : items) {
    switch (item) {
      case StatusItem::Messages: add("MESSAGES", status.messages); break;
      case StatusItem::Recent: add("RECENT", status.recent); break;
      case StatusItem::UidNext: add("UIDNEXT", status.uid_next); break;
      case StatusItem::UidValidity: add("UIDVALIDITY", status.uid_validity); break;
      case StatusItem::Unseen: add("UNSEEN", status.unseen); break;
      case StatusItem::Deleted: add("DELETED", status.deleted); break;
      case StatusItem::Size: add("SIZE", status.size); break;
      case StatusItem::DeletedStorage:
        add("DELETED-STORAGE", in_quota_units(status.deleted_size));
        break;
      case StatusItem::MailboxId:
        output << separator << "MAILBOXID (" << mailbox_id(status.id, status.uid_validity) << ")";
        separator = " ";
        break;
      case StatusItem::HighestModSeq: add("HIGHESTMODSEQ", status.highest_modseq); break;
      case StatusItem::AppendLimit:
        add("APPENDLIMIT", conversation.services.settings->limits.message_size);
        break;
    }
  }
  output << ")\r\n";
}

bool is_written_otherwise(const Conversation& conversation, std::string_view name,
                          std::string_view supplied) {
  if (!conversation.is_rev2()) return false;
  // What CREATE drops is not part of the name.
  if (supplied.ends_with('/')) supplied.remove_suffix(1);
  return supplied != name;
}

MailboxInfo absent_mailbox(std::string name) {
  MailboxInfo mailbox;
  mailbox.name = std::move(name);
  mailbox.exists = false;
  return mailbox;
}

void write_mailbox(const Conversation& conversation, const MailboxInfo& mailbox,
                   std::optional<std::string_view> old_name, Output& output,
                   std::string_view attribute) {
  output << "* LIST (" << attribute << (attribute.empty() ? "" : " ")
         << (mailbox.exists ? "" : "\\NonExistent ") << (mailbox.subscribed ? "\\Subscribed " : "")
         << (mailbox.has_children ? "\\HasChildren" : "\\HasNoChildren");
  if (mailbox.special_use != SpecialUse::None) output << " " << to_attribute(mailbox.special_use);
  output << ") \"/\" " << conversation.encode(mailbox.name);
  if (old_name) output << " (\"OLDNAME\" (" << conversation.encode(*old_name) << "))";
  output << "\r\n";
}

void write_name(const Conversation& conversation, std::string_view name,
                std::optional<std::string_view> old_name, Output& output) {
  MailboxInfo info = absent_mailbox(std::string(name));
  if (const auto mailboxes = conversation.account->mailboxes()) {
    const auto found = std::ranges::find(*mailboxes, name, &MailboxInfo::name);
    if (found != mailboxes->end()) info = *found;
  }
  write_mailbox(conversation, info, old_name, output);
}

std::unique_ptr<Task> list(Command&& command) {
  return std::make_unique<ListTask>(std::get<List>(std::move(command.body)));
}

}  // namespace waxwing::imap
