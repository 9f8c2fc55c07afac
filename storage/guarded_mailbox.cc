#include "storage/guarded_mailbox.h"

#include <utility>

#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {
namespace {

constexpr std::uint64_t kAllSystem = (std::uint64_t{1} << Flags::kFirstKeyword) - 1;

// RFC 5257 section 3.4
Outcome may_annotate(Rights rights, std::span<const AnnotationChange> changes) {
  const bool may = (!concern(changes, Whose::Private) || rights.has(Rights::kRead)) &&
                   (!concern(changes, Whose::Shared) || rights.has(Rights::kAnnotate));
  if (may) return {};
  return fail(Error::Code::Denied, "no right to make these annotations");
}

}  // namespace

GuardedMailbox::GuardedMailbox(std::shared_ptr<MaildirMailbox> mailbox, User user,
                               std::string prefix, std::int64_t ids)
    : mailbox_(std::move(mailbox)), user_(std::move(user)), prefix_(std::move(prefix)), ids_(ids) {}

GuardedMailbox::~GuardedMailbox() = default;

MailboxId GuardedMailbox::id() const {
  return {ids_ | mailbox_->id().value};
}

std::string GuardedMailbox::name() const {
  return prefix_ + mailbox_->name();
}

std::uint32_t GuardedMailbox::uid_validity() const {
  return mailbox_->uid_validity();
}

bool GuardedMailbox::is_gone() const {
  return mailbox_->is_gone() || !rights().has(Rights::kRead);
}

Rights GuardedMailbox::rights() const {
  return rights_of(user_, mailbox_->account().address(), *mailbox_->acl());
}

View::Version GuardedMailbox::view() const {
  return mailbox_->view();
}

void GuardedMailbox::watch(std::weak_ptr<Watcher> watcher) {
  relays_.push_back(std::make_shared<RenumberingWatcher>(std::move(watcher), ids_));
  mailbox_->watch(relays_.back());
}

Outcome GuardedMailbox::require(Rights needed) const {
  if (rights().has(needed)) return {};
  return fail(Error::Code::Denied, "no right to do that with " + name());
}

Outcome GuardedMailbox::refresh() {
  if (auto may = require(Rights::kRead); !may) return may;
  return mailbox_->refresh();
}

Result<Uid> GuardedMailbox::recent(Recent) {
  if (auto may = require(Rights::kRead); !may) return fail(may.error());
  return mailbox_->recent(Recent::Peek);
}

Result<std::vector<Uid>> GuardedMailbox::append(std::span<const NewMessage> messages) {
  const Rights now = rights();
  if (auto may = require(Rights::kInsert); !may) return fail(may.error());
  std::vector<NewMessage> permitted(messages.begin(), messages.end());
  for (NewMessage& message : permitted) {
    auto options = permit(message.options, now, user_.address);
    if (!options) return fail(options.error());
    message.options = std::move(*options);
  }
  return mailbox_->append(permitted);
}

// RFC 8508 section 4.1
Result<Uid> GuardedMailbox::replace(Uid uid, const NewMessage& message, Mailbox& target) {
  const auto needed = Rights(Rights::kRead | Rights::kDeleteMessages | Rights::kExpunge);
  if (auto may = require(needed); !may) return fail(may.error());
  return mailbox_->replace(uid, message, target);
}

// What may not be changed stays as it is; Denied when that is everything.  RFC 4314 section 4
Result<Mailbox::FlagOutcome> GuardedMailbox::change_flags(std::span<const Uid> uids,
                                                          const FlagChange& change,
                                                          std::optional<ModSeq> unchanged_since) {
  const Rights now = rights();
  const std::uint64_t system = system_flags_for(now);
  FlagChange permitted = change;
  permitted.system &= system;
  if (!now.has(Rights::kWrite)) permitted.keywords.clear();
  permitted.kept |= kAllSystem & ~system;
  permitted.keeps_keywords = permitted.keeps_keywords || !now.has(Rights::kWrite);
  const bool is_nothing_asked =
      change.mode != FlagChange::Mode::Replace && change.system == 0 && change.keywords.empty();
  const bool may_nothing = change.mode == FlagChange::Mode::Replace
                               ? system == 0
                               : permitted.system == 0 && permitted.keywords.empty();
  if (!now.has(Rights::kRead) || (may_nothing && !is_nothing_asked)) {
    return fail(Error::Code::Denied, "no right to change these flags in " + name());
  }
  return mailbox_->change_flags(uids, permitted, unchanged_since);
}

Result<std::vector<Uid>> GuardedMailbox::expunge(std::span<const Uid> uids, Expunge which) {
  if (auto may = require(Rights::kRead | Rights::kExpunge); !may) return fail(may.error());
  // Whoever has not flagged them before flags them with it.
  if (which == Expunge::Any) {
    if (auto may = require(Rights::kDeleteMessages); !may) return fail(may.error());
  }
  return mailbox_->expunge(uids, which);
}

Result<Mailbox::Copied> GuardedMailbox::copy(std::span<const Uid> uids, Mailbox& target) {
  if (auto may = require(Rights::kRead); !may) return fail(may.error());
  return mailbox_->copy(uids, target);
}

// RFC 6851 section 4.2
Result<Mailbox::Copied> GuardedMailbox::move(std::span<const Uid> uids, Mailbox& target) {
  const auto needed = Rights(Rights::kRead | Rights::kDeleteMessages | Rights::kExpunge);
  if (auto may = require(needed); !may) return fail(may.error());
  return mailbox_->move(uids, target);
}

Result<MessageFile> GuardedMailbox::open(Uid uid) {
  if (auto may = require(Rights::kRead); !may) return fail(may.error());
  return mailbox_->open(uid);
}

// An index would tell of texts as much as the messages do.
std::unique_ptr<TextLookup> GuardedMailbox::look_up_texts(const std::vector<TextKey>& keys) {
  if (!require(Rights::kRead)) return nullptr;
  return mailbox_->look_up_texts(keys);
}

Outcome GuardedMailbox::read(std::span<const Uid> uids, Fields fields,
                             const std::function<bool(Uid, const Parsed&)>& visit) {
  if (auto may = require(Rights::kRead); !may) return may;
  return mailbox_->read(uids, fields, visit);
}

Result<std::vector<Extract>> GuardedMailbox::extracts(int kind, Uid first, Uid last) {
  if (auto may = require(Rights::kRead); !may) return fail(may.error());
  return mailbox_->extracts(kind, first, last);
}

Outcome GuardedMailbox::keep_extracts(int kind, std::span<const Extract> extracts) {
  if (auto may = require(Rights::kRead); !may) return may;
  return mailbox_->keep_extracts(kind, extracts);
}

Outcome GuardedMailbox::read_annotations(std::span<const Uid> uids, const AnnotationQuery& query,
                                         const VisitAnnotations& visit) {
  if (auto may = require(Rights::kRead); !may) return may;
  return mailbox_->read_annotations_of(mailbox_->annotator(user_.address), uids, query, visit);
}

Result<Mailbox::FlagOutcome> GuardedMailbox::annotate(std::span<const Uid> uids,
                                                      std::span<const AnnotationChange> changes,
                                                      std::optional<ModSeq> unchanged_since) {
  if (auto may = require(Rights::kRead); !may) return fail(may.error());
  if (auto may = may_annotate(rights(), changes); !may) return fail(may.error());
  return mailbox_->annotate_as(mailbox_->annotator(user_.address), uids, changes, unchanged_since);
}

std::vector<AnnotatedMessages> GuardedMailbox::annotated_since(ModSeq modseq) const {
  if (!require(Rights::kRead)) return {};
  return mailbox_->annotated_since_for(mailbox_->annotator(user_.address), modseq);
}

Result<std::vector<std::string>> GuardedMailbox::email_ids(std::span<const Uid> uids) {
  if (auto may = require(Rights::kRead); !may) return fail(may.error());
  return mailbox_->email_ids(uids);
}

Result<std::vector<std::vector<Uid>>> GuardedMailbox::find_email_ids(
    std::span<const std::string> ids) {
  if (auto may = require(Rights::kRead); !may) return fail(may.error());
  return mailbox_->find_email_ids(ids);
}

Result<std::vector<std::string>> GuardedMailbox::uidls(std::span<const Uid>) {
  return fail(Error::Code::Denied, "another's mailbox");
}

Outcome GuardedMailbox::set_uidls(std::span<const std::pair<Uid, std::string>>) {
  return fail(Error::Code::Denied, "another's mailbox");
}

Result<std::vector<Uid>> GuardedMailbox::hidden_from_pop3() {
  return fail(Error::Code::Denied, "another's mailbox");
}

Outcome GuardedMailbox::hide_from_pop3(std::span<const Uid>) {
  return fail(Error::Code::Denied, "another's mailbox");
}

Result<std::optional<std::vector<Uid>>> GuardedMailbox::expunged_since(ModSeq modseq) {
  if (auto may = require(Rights::kRead); !may) return fail(may.error());
  return mailbox_->expunged_since(modseq);
}

Result<Destination> destination(Mailbox& target) {
  if (auto* own = dynamic_cast<MaildirMailbox*>(&target)) return Destination{own};
  auto* guarded = dynamic_cast<GuardedMailbox*>(&target);
  if (guarded == nullptr) return fail(Error::Code::Invalid, "mailbox of another store");
  const Rights rights = guarded->rights();
  if (!rights.has(Rights::kInsert)) {
    return fail(Error::Code::Denied, "no right to put messages into " + guarded->name());
  }
  return Destination{&guarded->inner(), rights, guarded->user()};
}

std::uint64_t system_flags_for(Rights rights) {
  std::uint64_t bits = 0;
  if (rights.has(Rights::kSeen)) bits |= Flags::kSeen;
  if (rights.has(Rights::kDeleteMessages)) bits |= Flags::kDeleted;
  if (rights.has(Rights::kWrite)) bits |= kAllSystem & ~(Flags::kSeen | Flags::kDeleted);
  return bits;
}

Result<Mailbox::AppendOptions> permit(Mailbox::AppendOptions options, Rights rights,
                                      const std::string& user) {
  if (auto may = may_annotate(rights, options.annotations); !may) return fail(may.error());
  options.annotator = user;
  options.flags.system &= system_flags_for(rights);
  if (!rights.has(Rights::kWrite)) options.flags.keywords.clear();
  return options;
}

void RenumberingWatcher::moved(MailboxId mailbox, ModSeq modseq) {
  const auto watcher = watcher_.lock();
  if (!watcher) return;
  // What stands for no mailbox is the same everywhere.
  const bool is_mailbox = mailbox != kMailboxNames && mailbox != kAnnotations;
  watcher->moved(is_mailbox ? MailboxId{ids_ | mailbox.value} : mailbox, modseq);
}

}  // namespace waxwing
