#include <algorithm>

#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

// What others may do with the mailboxes of an account.  RFC 4314

namespace waxwing {

// An account that came out of a backup is shared as it was.
Outcome MaildirAccount::note_shares(Access& access) {
  for (const auto& [name, mailbox] : tree_.all(access)) {
    for (const auto& [identifier, rights] : *mailbox->acl()) {
      if (auto done = context_->shares->add(address_, identifier); !done) return done;
    }
  }
  auto annotators = access.db.annotators();
  if (!annotators) return fail(annotators.error());
  for (const std::string& annotator : *annotators) {
    if (auto done = context_->shares->add(address_, annotator); !done) return done;
  }
  return {};
}

Result<Acl> MaildirAccount::acl(std::string_view mailbox) {
  auto access = enter();
  if (!access) return fail(access.error());
  const auto found = tree_.find(*access, mailbox);
  if (!found) return fail(Error::Code::NotFound, "no such mailbox");
  return *found->acl();
}

Outcome MaildirAccount::change_acl(std::string_view mailbox, const std::string& identifier,
                                   const RightsChange& change) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  const auto found = tree_.find(*access, mailbox);
  if (!found) return fail(Error::Code::NotFound, "no such mailbox");
  Acl acl = *found->acl();
  change_rights(acl, identifier, change);
  if (acl.size() > kMaxAcl) return fail(Error::Code::Limit, "too many entries for one mailbox");
  if (auto done = set_acl(*access, *found, std::move(acl)); !done) return done;
  const ModSeq modseq = found->view()->highest_modseq();
  access->release();
  tell(kMailboxNames, 0);
  // Who has it selected may have lost the right to.
  found->shared()->tell(modseq);
  return {};
}

Outcome MaildirAccount::set_acl(Access& access, MaildirMailbox& mailbox, Acl acl) {
  for (const auto& [identifier, rights] : acl) {
    if (auto done = context_->shares->add(address_, identifier); !done) return done;
  }
  if (auto done = access.db.set_acl(mailbox.id(), acl); !done) return done;
  mailbox.set_acl(access, std::move(acl));
  return {};
}

Outcome MaildirAccount::rename_identifier(const std::string& from, const std::string& to) {
  auto access = enter();
  if (!access) return fail(access.error());
  for (const auto& [name, mailbox] : tree_.all(*access)) {
    Acl acl = *mailbox->acl();
    bool is_changed = false;
    for (const std::string sign : {"", "-"}) {
      auto entry = acl.extract(sign + from);
      if (entry.empty()) continue;
      is_changed = true;
      if (!to.empty()) acl.insert_or_assign(sign + to, entry.mapped());
    }
    if (!is_changed) continue;
    if (auto done = set_acl(*access, *mailbox, std::move(acl)); !done) return done;
  }
  auto annotators = access->db.annotators();
  if (!annotators) return fail(annotators.error());
  if (std::ranges::count(*annotators, from) == 0) return {};
  // Or the next one of that address would read what another has written.
  if (!to.empty()) {
    if (auto done = context_->shares->add(address_, to); !done) return done;
  }
  return access->db.rename_annotator(from, to);
}

bool MaildirAccount::has_mailbox(std::string_view name) {
  auto access = enter();
  return access && tree_.find(*access, name) != nullptr;
}

Result<Rights> MaildirAccount::rights(std::string_view mailbox) {
  if (has_mailbox(mailbox)) return Rights::all();
  return fail(Error::Code::NotFound, "no such mailbox");
}

Result<Rights> MaildirAccount::rights_for(const User& user, std::string_view mailbox) {
  auto access = enter();
  if (!access) return fail(access.error());
  const auto found = tree_.find(*access, mailbox);
  const Rights rights = found ? rights_of(user, address_, *found->acl()) : Rights();
  // RFC 4314 section 6: as if it were not there.
  constexpr Rights kKnown = Rights::kLookup | Rights::kRead | Rights::kInsert | Rights::kCreate |
                            Rights::kDelete | Rights::kAdminister;
  if (!rights.has_any(kKnown)) return fail(Error::Code::NotFound, "no such mailbox");
  return rights;
}

Result<Rights> MaildirAccount::rights_above(const User& user, std::string_view mailbox) {
  auto access = enter();
  if (!access) return fail(access.error());
  const auto parent = tree_.nearest_above(*access, mailbox);
  return rights_of(user, address_, parent ? *parent->acl() : Acl());
}

Result<std::vector<MailboxInfo>> MaildirAccount::mailboxes_for(const User& user) {
  auto access = enter();
  if (!access) return fail(access.error());
  std::vector<MailboxInfo> result;
  for (const auto& [name, mailbox] : tree_.all(*access)) {
    const Rights rights = rights_of(user, address_, *mailbox->acl());
    if (!rights.has(Rights::kLookup)) continue;
    MailboxInfo& info = result.emplace_back();
    info.id = mailbox->id();
    info.name = name;
    info.exists = true;
    info.rights = rights;
  }
  return result;
}

}  // namespace waxwing
