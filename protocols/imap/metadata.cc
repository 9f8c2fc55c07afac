#include "protocols/imap/metadata.h"

#include <algorithm>
#include <set>

#include "protocols/imap/conversation.h"
#include "protocols/imap/filters.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/list.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kMaxValue = 64 * 1024;

// RFC 6154 section 4
constexpr std::string_view kSpecialUse = "/private/specialuse";

bool is_shared(std::string_view entry) {
  return entry.starts_with("/shared/");
}

// `depth` levels below `above`, and itself.
bool is_within(std::string_view entry, std::string_view above, GetMetadata::Depth depth) {
  if (entry == above) return true;
  if (depth == GetMetadata::Depth::Zero || !entry.starts_with(above)) return false;
  const std::string_view below = entry.substr(above.size());
  if (!below.starts_with('/')) return false;
  return depth == GetMetadata::Depth::Infinity || below.find('/', 1) == below.npos;
}

void write_value(const std::optional<std::string>& value, Output& output) {
  if (value && value->find('\0') != std::string::npos) {
    output << literal8_head(value->size()) << *value;
  } else {
    output << to_nstring(value);
  }
}

Result<MailboxInfo> find_mailbox(Conversation& conversation, std::string_view name) {
  const auto mailboxes = conversation.account->mailboxes();
  if (!mailboxes) return fail(mailboxes.error());
  const auto found = std::ranges::find(*mailboxes, name, &MailboxInfo::name);
  if (found == mailboxes->end() || !found->exists) {
    return fail(Error::Code::NotFound, "no such mailbox");
  }
  return *found;
}

}  // namespace

Result<Annotations> all_annotations(Conversation& conversation, const MailboxInfo& mailbox) {
  auto annotations = conversation.account->annotations(mailbox.name);
  if (annotations && mailbox.special_use != SpecialUse::None) {
    annotations->insert_or_assign(std::string(kSpecialUse),
                                  std::string(to_attribute(mailbox.special_use)));
  }
  return annotations;
}

void write_metadata(const Conversation& conversation, std::string_view mailbox,
                    const std::vector<Annotation>& annotations, Output& output) {
  if (annotations.empty()) return;
  output << "* METADATA " << (mailbox.empty() ? "\"\"" : conversation.encode(mailbox)) << " (";
  std::string_view separator;
  for (const auto& [entry, value] : annotations) {
    output << separator << to_astring(entry) << " ";
    write_value(value, output);
    separator = " ";
  }
  output << ")\r\n";
}

Outcome tell_annotated(Conversation& conversation, Output& output) {
  auto changes = conversation.account->annotated_since(conversation.annotated);
  if (changes.empty()) return {};
  const std::uint64_t last = changes.back().number;
  std::erase_if(changes, [&](const auto& change) {
    return conversation.own_annotated.contains(change.number);
  });
  if (conversation.notifications) {
    auto wanted = conversation.notifications->wanted_of(conversation, std::move(changes));
    if (!wanted) return fail(wanted.error());
    changes = std::move(*wanted);
  }
  conversation.annotated = last;
  conversation.own_annotated.erase(conversation.own_annotated.begin(),
                                   conversation.own_annotated.upper_bound(last));
  for (const auto& change : changes) {
    output << "* METADATA "
           << (change.mailbox.empty() ? "\"\"" : conversation.encode(change.mailbox)) << " "
           << to_astring(change.entry) << "\r\n";
  }
  return {};
}

Reply get_metadata(Conversation& conversation, GetMetadata& command, Output& output) {
  const auto name = command.mailbox.empty() ? std::string() : conversation.decode(command.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  const auto mailbox = name->empty() ? MailboxInfo{} : find_mailbox(conversation, *name);
  if (!mailbox) return conversation.refuse(mailbox.error());
  const auto known = all_annotations(conversation, *mailbox);
  if (!known) return conversation.refuse(known.error());
  std::vector<Annotation> found;
  std::set<std::string_view> told;
  std::size_t longest = 0, size = 0;
  const auto add = [&](const std::string& entry, const std::optional<std::string>& value) {
    if (!told.insert(entry).second) return;
    if (value && command.max_size && value->size() > *command.max_size) {
      longest = std::max(longest, value->size());
      return;
    }
    size += value ? value->size() : 0;
    found.emplace_back(entry, value);
  };
  for (const std::string& wanted : command.entries) {
    if (!known->contains(wanted)) add(wanted, std::nullopt);
    for (const auto& [entry, value] : *known) {
      if (is_within(entry, wanted, command.depth)) add(entry, value);
    }
  }
  if (size > kMaxAnnotations) return Reply::no("That is too much at once: ask for less", "LIMIT");
  write_metadata(conversation, *name, found, output);
  if (longest == 0) return Reply::ok("That is all");
  return Reply::ok("Some values are longer", "METADATA LONGENTRIES " + std::to_string(longest));
}

Reply set_metadata(Conversation& conversation, SetMetadata& command, Output& output) {
  const auto name = command.mailbox.empty() ? std::string() : conversation.decode(command.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  Account::AnnotationChanges changes;
  for (auto& [entry, value] : command.values) {
    if (value && value->size() > kMaxValue) {
      return Reply::no("The value is too long", "METADATA MAXSIZE " + std::to_string(kMaxValue));
    }
    // What all of a domain see of the server is for those to say who administer it.
    if (name->empty() && is_shared(entry) && !conversation.identity->is_administrator) {
      return Reply::no("Only an administrator annotates the server for all", "NOPERM");
    }
    if (name->empty() && value && is_filter_entry(entry)) {
      if (const auto filter = parse_filter(entry, *value); !filter) {
        return Reply::no(filter.error().text, "CANNOT");
      }
    }
    changes.insert_or_assign(entry, std::move(value));
  }
  std::optional<SpecialUse> use;
  if (const auto given = changes.find(std::string(kSpecialUse)); given != changes.end()) {
    use = given->second ? to_special_use(*given->second) : SpecialUse::None;
    if (!use || name->empty()) return Reply::no("There is no such special use", "USEATTR");
    changes.erase(given);
  }
  // What others changed until now is told, so that the rest is our own.
  if (conversation.dialect.metadata) (void)tell_annotated(conversation, output);
  const auto last = conversation.account->annotate(*name, changes);
  if (!last) {
    if (last.error().code == Error::Code::Limit) {
      return Reply::no("The mailbox has too many annotations", "METADATA TOOMANY");
    }
    return conversation.refuse(last.error());
  }
  // The use of a mailbox is an annotation as well.  RFC 6154 section 4
  if (use) {
    const auto done = conversation.account->set_special_use(*name, *use);
    if (!done) return conversation.refuse(done.error());
  }
  if (!conversation.dialect.metadata) return Reply::ok("Annotated");
  for (const auto& change : conversation.account->annotated_since(conversation.annotated)) {
    const bool is_own =
        change.number <= *last && change.mailbox == *name && changes.contains(change.entry);
    if (is_own) conversation.own_annotated.insert(change.number);
  }
  return Reply::ok("Annotated");
}

}  // namespace waxwing::imap
