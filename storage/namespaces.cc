#include "storage/namespaces.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "storage/foreign_watch.h"
#include "storage/guarded_mailbox.h"
#include "storage/mailbox_name.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"
#include "storage/shares.h"

namespace waxwing {
namespace {

// Of how many owners LIST tells.
constexpr std::size_t kMaxOwners = 1000;

// Ids of mailboxes are their account's. Those of others get the owner's hash above their number,
// which stays the same for ever, as MAILBOXID must.
std::int64_t ids_of(std::string_view owner) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : owner) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return static_cast<std::int64_t>(((hash >> 34) | 1) << 32);
}

// RFC 5464 section 3.2
constexpr std::string_view kShared = "/shared/";
// RFC 5464 section 3.3: who sees a mailbox and may do one of these sees its annotations.
constexpr Rights kOfMessages =
    Rights::kRead | Rights::kSeen | Rights::kWrite | Rights::kInsert | Rights::kPost;

// Two accounts cannot be changed in one step, so it is one or the other.
Result<bool> are_shared(const Account::AnnotationChanges& changes) {
  const auto is_shared = [](const auto& each) { return each.first.starts_with(kShared); };
  if (std::ranges::none_of(changes, is_shared)) return false;
  if (std::ranges::all_of(changes, is_shared)) return true;
  return fail(Error::Code::Invalid, "private and shared at once");
}

bool is_shared_with(const User& user, const std::string& owner, const MetadataNews::Event& event) {
  if (!event.change.entry.starts_with(kShared)) return false;
  if (event.change.mailbox.empty()) return owner == shared_owner(user.address);
  const auto mailbox = event.mailbox.lock();
  if (!mailbox) return false;
  const Rights rights = rights_of(user, owner, *mailbox->acl());
  return rights.has(Rights::kLookup) && rights.has_any(kOfMessages);
}

tl::unexpected<Error> no_mailbox() {
  return fail(Error::Code::NotFound, "no such mailbox");
}

}  // namespace

bool is_namespace(std::string_view name) {
  return name.starts_with(kUsersPrefix) || name.starts_with(kSharedPrefix) ||
         name == kUsersPrefix.substr(0, kUsersPrefix.size() - 1) ||
         name == kSharedPrefix.substr(0, kSharedPrefix.size() - 1);
}

Namespaces::Namespaces(std::shared_ptr<MaildirAccount> own, User user, Shares& shares,
                       Quotas* quotas, Find find)
    : own_(std::move(own)),
      user_(std::move(user)),
      shares_(shares),
      quotas_(quotas),
      find_(std::move(find)),
      watch_(std::make_shared<ForeignWatch>(user_.address)) {}

Namespaces::~Namespaces() = default;

Result<std::optional<Namespaces::Place>> Namespaces::locate(std::string_view name) {
  if (!is_namespace(name) || own_->has_mailbox(name)) return std::optional<Place>();
  Place place;
  std::string owner;
  if (name.starts_with(kSharedPrefix)) {
    owner = shared_owner(user_.address);
    place.prefix = kSharedPrefix;
  } else if (name.starts_with(kUsersPrefix)) {
    const std::string_view rest = name.substr(kUsersPrefix.size());
    const auto slash = rest.find('/');
    if (slash == rest.npos) return no_mailbox();
    owner = rest.substr(0, slash);
    // The own mailboxes have one name only.
    if (owner == user_.address || owner.starts_with('@')) return no_mailbox();
    place.prefix = std::string(kUsersPrefix) + owner + "/";
  } else {
    return no_mailbox();
  }
  place.name = name.substr(place.prefix.size());
  auto account = find_(owner);
  if (!account) return fail(account.error());
  place.account = std::move(*account);
  return std::optional(std::move(place));
}

Result<std::optional<Namespaces::Place>> Namespaces::find(std::string_view name) {
  auto place = locate(name);
  if (!place || !*place) return place;
  const auto rights = (*place)->account->rights_for(user_, (*place)->name);
  if (!rights) return fail(rights.error());
  (*place)->rights = *rights;
  return place;
}

Result<std::optional<Namespaces::Place>> Namespaces::require(std::string_view name, Rights needed) {
  auto place = find(name);
  if (!place || !*place || (*place)->rights.has(needed)) return place;
  return fail(Error::Code::Denied, "no right to do that with another's mailbox");
}

Outcome Namespaces::may_create(const Place& place) const {
  const auto above = place.account->rights_above(user_, place.name);
  if (!above) return fail(above.error());
  if (above->has(Rights::kCreate)) return {};
  return fail(Error::Code::Denied, "no right to make a mailbox there");
}

std::shared_ptr<Mailbox> Namespaces::guard(const Place& place,
                                           std::shared_ptr<Mailbox> mailbox) const {
  auto inner = std::dynamic_pointer_cast<MaildirMailbox>(std::move(mailbox));
  return std::make_shared<GuardedMailbox>(std::move(inner), user_, place.prefix,
                                          ids_of(place.account->address()));
}

// Everybody who may have shared something, the domain first.
Result<std::vector<Namespaces::Place>> Namespaces::owners() {
  auto names = shares_.owners(user_.address);
  if (!names) return fail(names.error());
  const std::string domain(shared_owner(user_.address));
  std::erase_if(*names, [&](const auto& name) {
    return name == user_.address || name.starts_with('@') ||
           name.find_first_of("/*%") != name.npos;  // no names of mailboxes
  });
  if (names->size() > kMaxOwners) names->resize(kMaxOwners);
  names->insert(names->begin(), domain);
  std::vector<Place> places;
  for (const auto& name : *names) {
    auto account = find_(name);
    if (!account) continue;  // gone, or nothing is shared yet
    const bool is_domain = name == domain;
    places.push_back(
        {std::move(*account),
         is_domain ? std::string(kSharedPrefix) : std::string(kUsersPrefix) + name + "/",
         {},
         {}});
  }
  return places;
}

void Namespaces::watch(std::weak_ptr<Watcher> watcher) {
  own_->watch(watcher);
  watch_->add(watcher);
  // Before the look, or one who begins to share in between is missed.
  std::call_once(is_told_, [&] { shares_.tell(watch_); });
  if (const auto places = owners()) follow(*places);
}

void Namespaces::follow(const std::vector<Place>& owners) {
  std::vector<ForeignWatch::Owner> followed;
  for (const Place& place : owners) {
    followed.push_back({place.account, place.prefix, ids_of(place.account->address())});
  }
  watch_->follow(followed);
}

Result<std::vector<MailboxInfo>> Namespaces::mailboxes() {
  auto own = own_->mailboxes();
  if (!own) return own;
  const auto places = owners();
  if (!places) return fail(places.error());
  follow(*places);
  std::map<std::string, MailboxInfo> seen;
  const auto level = [&](const std::string& name) -> MailboxInfo& {
    const auto [entry, is_new] = seen.try_emplace(name);
    if (is_new) {
      entry->second.name = name;
      entry->second.exists = entry->second.is_personal = false;
    }
    return entry->second;
  };
  for (const Place& place : *places) {
    auto theirs = place.account->mailboxes_for(user_);
    if (!theirs) {
      log.warning("an account cannot be listed for others",
                  {{"account", place.account->address()}, {"reason", theirs.error().text}});
      continue;
    }
    const bool is_domain = place.account->address().starts_with('@');
    for (MailboxInfo& info : *theirs) {
      // Every account has one, but nobody is behind this.
      if (is_domain && info.name == "INBOX") continue;
      info.name = place.prefix + info.name;
      info.is_personal = false;
      info.id.value |= ids_of(place.account->address());
      const bool has_children = level(info.name).has_children;
      climb(info.name, [&](std::string_view above) {
        return !std::exchange(level(std::string(above)).has_children, true);
      });
      const std::string name = info.name;
      info.has_children = has_children;
      seen[name] = std::move(info);
    }
  }
  if (seen.empty()) return own;
  for (MailboxInfo& info : *own) {
    const auto theirs = seen.find(info.name);
    if (theirs == seen.end()) {
      seen.emplace(info.name, std::move(info));
      continue;
    }
    if (info.exists) {
      info.has_children = info.has_children || theirs->second.has_children;
      theirs->second = std::move(info);
    } else {
      theirs->second.subscribed = info.subscribed;
      theirs->second.has_children = theirs->second.has_children || info.has_children;
    }
  }
  std::vector<MailboxInfo> result;
  for (auto& [name, info] : seen) result.push_back(std::move(info));
  std::ranges::stable_partition(result, [](const auto& info) { return info.name == "INBOX"; });
  return result;
}

Result<std::shared_ptr<Mailbox>> Namespaces::mailbox(std::string_view name) {
  const auto place = find(name);
  if (!place) return fail(place.error());
  if (!*place) return own_->mailbox(name);
  // Who may only put messages in gets it too: it is gone to him, but they go in.
  if (!(*place)->rights.has_any(Rights::kRead | Rights::kInsert)) {
    return fail(Error::Code::Denied, "no right to read another's mailbox");
  }
  auto mailbox = (*place)->account->mailbox((*place)->name);
  if (!mailbox) return mailbox;
  return guard(**place, std::move(*mailbox));
}

Result<MailboxStatus> Namespaces::status(std::string_view name) {
  const auto place = require(name, Rights::kRead);
  if (!place) return fail(place.error());
  if (!*place) return own_->status(name);
  auto status = (*place)->account->status((*place)->name);
  if (status) status->id.value |= ids_of((*place)->account->address());
  return status;
}

Result<std::shared_ptr<Mailbox>> Namespaces::create(std::string_view name, SpecialUse use) {
  auto place = locate(name);
  const bool is_shared = name.starts_with(kSharedPrefix) && !own_->has_mailbox(name);
  if (!place && place.error().code == Error::Code::NotFound && is_namespace(name)) {
    // Nobody made a mailbox for the domain yet, or nobody has that name: all the same to him.
    if (!is_shared || !user_.is_administrator) {
      return fail(Error::Code::Denied, "no right to make a mailbox there");
    }
  }
  if (!place) return fail(place.error());
  if (!*place) return own_->create(name, use);
  if (use != SpecialUse::None) {
    return fail(Error::Code::Denied, "special uses are for own mailboxes");
  }
  if (auto may = may_create(**place); !may) return fail(may.error());
  auto made = (*place)->account->create((*place)->name, SpecialUse::None);
  if (!made) return made;
  (void)own_->subscribe(name);
  return guard(**place, std::move(*made));
}

Result<std::shared_ptr<Mailbox>> Namespaces::import_mailbox(std::string_view name,
                                                            std::uint32_t uid_validity) {
  return own_->import_mailbox(name, uid_validity);
}

Outcome Namespaces::remove(std::string_view name) {
  const auto place = require(name, Rights::kDelete);
  if (!place) return fail(place.error());
  if (!*place) return own_->remove(name);
  if (auto done = (*place)->account->remove((*place)->name); !done) return done;
  (void)own_->unsubscribe(name);
  return {};
}

// RFC 4314 section 4: the right to delete the old name, and to create below the new one's parent.
Outcome Namespaces::rename(std::string_view from, std::string_view to) {
  const auto source = require(from, Rights::kDelete);
  if (!source) return fail(source.error());
  const auto target = locate(to);
  if (!target) return fail(Error::Code::Denied, "no right to make a mailbox there");
  if (!*source && !*target) return own_->rename(from, to);
  if (!*source || !*target || (*source)->account != (*target)->account) {
    return fail(Error::Code::Invalid, "a mailbox stays in its account");
  }
  if ((*source)->name == "INBOX") return fail(Error::Code::Denied, "another's INBOX stays");
  if (auto may = may_create(**target); !may) return may;
  return (*source)->account->rename((*source)->name, (*target)->name);
}

Outcome Namespaces::subscribe(std::string_view name) {
  return own_->subscribe(name);
}

Outcome Namespaces::unsubscribe(std::string_view name) {
  return own_->unsubscribe(name);
}

Result<std::string> Namespaces::special(SpecialUse use) {
  return own_->special(use);
}

// RFC 5464 section 3.3: the own private ones, and those that the domain has for all its users.
Result<Annotations> Namespaces::server_annotations() {
  auto all = own_->annotations({});
  if (!all) return all;
  const auto domain = find_(std::string(shared_owner(user_.address)));
  if (!domain) {
    if (domain.error().code == Error::Code::NotFound) return all;
    return fail(domain.error());
  }
  auto shared = (*domain)->annotations({});
  if (!shared) return shared;
  for (auto& [entry, value] : *shared) {
    if (entry.starts_with(kShared)) all->insert_or_assign(entry, std::move(value));
  }
  return all;
}

Result<std::uint64_t> Namespaces::annotate_server(const AnnotationChanges& changes) {
  const auto shared = are_shared(changes);
  if (!shared) return fail(shared.error());
  if (!*shared) return own_->annotate({}, changes);
  if (!user_.is_administrator) return fail(Error::Code::Denied, "the domain is not his");
  const auto domain = find_(std::string(shared_owner(user_.address)));
  if (!domain) return fail(domain.error());
  return (*domain)->annotate({}, changes);
}

// RFC 5464 section 3.3: who sees the mailbox and may do something with its messages.
Result<std::optional<Namespaces::Place>> Namespaces::annotated_place(std::string_view mailbox) {
  auto place = require(mailbox, Rights::kLookup);
  if (!place || !*place) return place;
  if (!(*place)->rights.has_any(kOfMessages)) {
    return fail(Error::Code::Denied, "no right to annotations of another's mailbox");
  }
  return place;
}

// Of another's mailbox the shared ones are in his account, and the own private ones in the own.
Result<Annotations> Namespaces::annotations(std::string_view mailbox) {
  if (mailbox.empty()) return server_annotations();
  const auto place = annotated_place(mailbox);
  if (!place) return fail(place.error());
  if (!*place) return own_->annotations(mailbox);
  auto& account = *(*place)->account;
  auto all = account.annotations((*place)->name);
  if (!all) return all;
  std::erase_if(*all, [](const auto& a) { return !a.first.starts_with(kShared); });
  const auto foreign = account.as_foreign((*place)->name);
  if (!foreign) return fail(foreign.error());
  auto own = own_->private_annotations(*foreign);
  if (!own) return own;
  all->merge(*own);
  return all;
}

Result<std::uint64_t> Namespaces::annotate(std::string_view mailbox,
                                           const AnnotationChanges& changes) {
  if (mailbox.empty()) return annotate_server(changes);
  const auto place = annotated_place(mailbox);
  if (!place) return fail(place.error());
  if (!*place) return own_->annotate(mailbox, changes);
  auto& account = *(*place)->account;
  const auto shared = are_shared(changes);
  if (!shared) return fail(shared.error());
  if (!*shared) {
    const auto foreign = account.as_foreign((*place)->name);
    if (!foreign) return fail(foreign.error());
    return own_->annotate_privately(*foreign, (*place)->prefix + (*place)->name, changes);
  }
  if (!(*place)->rights.has(Rights::kWrite)) {
    return fail(Error::Code::Denied, "no right to change what others see");
  }
  return account.annotate((*place)->name, changes);
}

// Without a lock of an account: what somebody may see of others is known in memory.
std::vector<Account::Annotated> Namespaces::annotated_since(std::uint64_t number) {
  const auto owners = watch_->owners();
  std::vector<MetadataNews::Log*> logs = {&own_->annotation_log()};
  for (const auto& owner : owners) logs.push_back(&owner.account->annotation_log());
  std::vector<Annotated> changes;
  for (auto& [log, event] : own_->context().metadata_news.since(number, logs)) {
    if (log > 0) {
      const auto& owner = owners[log - 1];
      if (!is_shared_with(user_, owner.account->address(), event)) continue;
      if (!event.change.mailbox.empty()) event.change.mailbox.insert(0, owner.prefix);
    }
    changes.push_back(std::move(event.change));
  }
  return changes;
}

std::uint64_t Namespaces::last_annotated() {
  return own_->last_annotated();
}

Outcome Namespaces::set_special_use(std::string_view mailbox, SpecialUse use) {
  const auto place = find(mailbox);
  if (!place) return fail(place.error());
  if (!*place) return own_->set_special_use(mailbox, use);
  return fail(Error::Code::Denied, "special uses are for own mailboxes");
}

Result<std::optional<std::string>> Namespaces::url_key(std::string_view mailbox,
                                                       std::uint32_t uid_validity) {
  return own_->url_key(mailbox, uid_validity);
}

Result<std::string> Namespaces::make_url_key(std::string_view mailbox, std::uint32_t uid_validity,
                                             UrlKey which) {
  return own_->make_url_key(mailbox, uid_validity, which);
}

Outcome Namespaces::remove_url_keys() {
  return own_->remove_url_keys();
}

std::uint64_t Namespaces::url_key_changes(std::string_view mailbox) {
  return own_->url_key_changes(mailbox);
}

Result<Acl> Namespaces::acl(std::string_view mailbox) {
  const auto place = require(mailbox, Rights::kAdminister);
  if (!place) return fail(place.error());
  return *place ? (*place)->account->acl((*place)->name) : own_->acl(mailbox);
}

Outcome Namespaces::change_acl(std::string_view mailbox, const std::string& identifier,
                               const RightsChange& change) {
  const auto place = require(mailbox, Rights::kAdminister);
  if (!place) return fail(place.error());
  if (!*place) return own_->change_acl(mailbox, identifier, change);
  return (*place)->account->change_acl((*place)->name, identifier, change);
}

Result<Rights> Namespaces::rights(std::string_view mailbox) {
  const auto place = find(mailbox);
  if (!place) return fail(place.error());
  return *place ? (*place)->rights : own_->rights(mailbox);
}

Result<Account::OtherNamespaces> Namespaces::other_namespaces() {
  const auto places = owners();
  if (!places) return fail(places.error());
  OtherNamespaces found;
  for (const Place& place : *places) {
    (place.prefix == kSharedPrefix ? found.shared : found.users) = true;
  }
  return found;
}

Result<Account::Usage> Namespaces::usage() {
  return own_->usage();
}

Result<QuotaLimits> Namespaces::quota() {
  return own_->quota();
}

Result<Account::QuotaRoot> Namespaces::quota_root(std::string_view name) {
  if (name == user_.address) return own_->quota_root(name);
  const bool may_know = user_.is_administrator && shared_owner(name) == shared_owner(user_.address);
  if (!may_know) return fail(Error::Code::NotFound, "no such quota root");
  auto account = find_(std::string(name));
  if (account) return (*account)->quota_root(name);
  // Nobody has been there yet.
  const auto limits =
      quotas_ == nullptr ? Result<QuotaLimits>(QuotaLimits()) : quotas_->limits(name);
  if (!limits) return fail(limits.error());
  if (limits->is_none()) return fail(account.error());
  return QuotaRoot{std::string(name), *limits, {}};
}

// RFC 9208 section 6
Result<Account::QuotaRoot> Namespaces::quota_root_of(std::string_view mailbox) {
  if (!is_namespace(mailbox)) return own_->quota_root_of(mailbox);
  const auto place = require(mailbox, Rights::kRead);
  if (!place) return fail(place.error());
  return *place ? (*place)->account->quota_root_of((*place)->name) : own_->quota_root_of(mailbox);
}

Result<Account::QuotaRoot> Namespaces::set_quota(std::string_view root, const QuotaLimits& limits) {
  if (!user_.is_administrator || quotas_ == nullptr) {
    return fail(Error::Code::Denied, "only administrators set limits");
  }
  if (shared_owner(root) != shared_owner(user_.address)) {
    return fail(Error::Code::NotFound, "no such quota root");
  }
  if (auto done = quotas_->set_limits(root, limits); !done) return fail(done.error());
  const auto now = quota_root(root);
  return now ? *now : QuotaRoot{std::string(root), limits, {}};
}

}  // namespace waxwing
