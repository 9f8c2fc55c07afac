#include <cstdint>

#include "storage/mailbox_name.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

// Annotations of an account and its mailboxes, and who changed them last.  RFC 5464

namespace waxwing {

// Nothing for the account itself.
Result<std::shared_ptr<MaildirMailbox>> MaildirAccount::annotated_mailbox(Access& access,
                                                                          std::string_view name) {
  if (name.empty()) return std::shared_ptr<MaildirMailbox>();
  auto canonical = canonical_name(name);
  if (!canonical) return fail(Error::Code::NotFound, "no such mailbox");
  auto found = tree_.find(access, *canonical);
  if (!found) return fail(Error::Code::NotFound, "no such mailbox");
  return found;
}

Result<Annotations> MaildirAccount::annotations(std::string_view mailbox) {
  auto access = enter();
  if (!access) return fail(access.error());
  auto found = annotated_mailbox(*access, mailbox);
  if (!found) return fail(found.error());
  return access->db.annotations(*found ? (*found)->id() : MailboxId{0});
}

// What of the changes is one, if there is room for it.
Result<Account::AnnotationChanges> MaildirAccount::real_changes(Access& access, Annotations now,
                                                                const AnnotationChanges& changes) {
  AnnotationChanges real;
  for (const auto& [entry, value] : changes) {
    const auto old = now.find(entry);
    if (value ? old != now.end() && old->second == *value : old == now.end()) continue;
    real.emplace(entry, value);
    if (value) {
      now.insert_or_assign(entry, *value);
    } else {
      now.erase(old);
    }
  }
  if (real.empty()) return real;
  if (now.size() > kMaxAnnotations) return fail(Error::Code::Limit, "too many annotations");
  auto bytes = access.db.size_of_annotations();
  if (!bytes) return fail(bytes.error());
  for (const auto& [entry, value] : real) *bytes += value ? value->size() : 0;
  if (*bytes > kMaxAnnotationBytes) return fail(Error::Code::Limit, "too long annotations");
  return real;
}

Result<std::uint64_t> MaildirAccount::annotate(std::string_view mailbox,
                                               const AnnotationChanges& changes) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  auto found = annotated_mailbox(*access, mailbox);
  if (!found) return fail(found.error());
  const MailboxId id = *found ? (*found)->id() : MailboxId{0};
  auto now = access->db.annotations(id);
  if (!now) return fail(now.error());
  const auto real = real_changes(*access, std::move(*now), changes);
  if (!real) return fail(real.error());
  if (real->empty()) return last_annotated();
  // A client that looks for changes of the mailbox finds this one.  RFC 7162 section 3.2
  if (auto done = publisher_.reserve_modseqs(*access, 1); !done) return fail(done.error());
  const ModSeq modseq = publisher_.take_modseq();
  if (auto done = access->db.annotate(id, *real, modseq); !done) return fail(done.error());
  if (*found) {
    auto& state = (*found)->state(*access);
    state.record.modseq = modseq;
    if (state.loaded) (*found)->show(*access, (*found)->view()->with_changed({}, modseq));
  }
  return tell_annotated(*access, *found, *found ? (*found)->name() : std::string(), *real);
}

std::uint64_t MaildirAccount::tell_annotated(Access& access,
                                             const std::shared_ptr<MaildirMailbox>& mailbox,
                                             const std::string& name,
                                             const AnnotationChanges& changes) {
  const auto last = context_->metadata_news.add(annotations_, mailbox, name, changes);
  access.release();
  tell(kAnnotations, 0);
  return last;
}

Result<Annotations> MaildirAccount::private_annotations(const ForeignMailbox& mailbox) {
  auto access = enter();
  if (!access) return fail(access.error());
  return access->db.private_annotations(mailbox);
}

Result<std::uint64_t> MaildirAccount::annotate_privately(const ForeignMailbox& mailbox,
                                                         const std::string& name,
                                                         const AnnotationChanges& changes) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  auto now = access->db.private_annotations(mailbox);
  if (!now) return fail(now.error());
  const auto real = real_changes(*access, std::move(*now), changes);
  if (!real) return fail(real.error());
  if (real->empty()) return last_annotated();
  if (auto done = access->db.annotate_privately(mailbox, *real); !done) return fail(done.error());
  return tell_annotated(*access, nullptr, name, *real);
}

Result<ForeignMailbox> MaildirAccount::as_foreign(std::string_view mailbox) {
  auto access = enter();
  if (!access) return fail(access.error());
  auto found = annotated_mailbox(*access, mailbox);
  if (!found) return fail(found.error());
  const auto number = access->db.number();
  if (!number) return fail(number.error());
  return ForeignMailbox{*number, *found ? (*found)->uid_validity() : 0};
}

std::vector<Account::Annotated> MaildirAccount::annotated_since(std::uint64_t number) {
  MetadataNews::Log* const logs[] = {&annotations_};
  std::vector<Annotated> result;
  for (auto& [log, event] : context_->metadata_news.since(number, logs)) {
    result.push_back(std::move(event.change));
  }
  return result;
}

std::uint64_t MaildirAccount::last_annotated() {
  return context_->metadata_news.last();
}

}  // namespace waxwing
