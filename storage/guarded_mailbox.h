#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/acl.h"
#include "storage/mailbox.h"

namespace waxwing {

class MaildirMailbox;

// Another account's mailbox as this user may use it. The rights are looked up for every call, so
// what is taken away works no longer at once; without the right to read the mailbox is gone.
// RFC 4314 section 4
class GuardedMailbox final : public Mailbox {
 public:
  // `prefix`: what stands before its own name in the tree that the user sees. `ids`: what makes the
  // ids of that account differ from those of all others.
  GuardedMailbox(std::shared_ptr<MaildirMailbox> mailbox, User user, std::string prefix,
                 std::int64_t ids);
  ~GuardedMailbox() override;

  MailboxId id() const override;
  std::string name() const override;
  std::uint32_t uid_validity() const override;
  bool is_gone() const override;
  Rights rights() const override;
  View::Version view() const override;
  void watch(std::weak_ptr<Watcher> watcher) override;
  Outcome refresh() override;
  // What is \Recent is the owner's to claim.
  Result<Uid> recent(Recent how) override;
  using Mailbox::append;
  Result<std::vector<Uid>> append(std::span<const NewMessage> messages) override;
  Result<Uid> replace(Uid uid, const NewMessage& message, Mailbox& target) override;
  Result<FlagOutcome> change_flags(std::span<const Uid> uids, const FlagChange& change,
                                   std::optional<ModSeq> unchanged_since) override;
  Result<std::vector<Uid>> expunge(std::span<const Uid> uids, Expunge which) override;
  Result<Copied> copy(std::span<const Uid> uids, Mailbox& target) override;
  Result<Copied> move(std::span<const Uid> uids, Mailbox& target) override;
  Result<MessageFile> open(Uid uid) override;
  std::unique_ptr<TextLookup> look_up_texts(const std::vector<TextKey>& keys) override;
  Outcome read_annotations(std::span<const Uid> uids, const AnnotationQuery& query,
                           const VisitAnnotations& visit) override;
  Result<FlagOutcome> annotate(std::span<const Uid> uids, std::span<const AnnotationChange> changes,
                               std::optional<ModSeq> unchanged_since) override;
  std::vector<AnnotatedMessages> annotated_since(ModSeq modseq) const override;
  Outcome read(std::span<const Uid> uids, Fields fields,
               const std::function<bool(Uid, const Parsed&)>& visit) override;
  Result<std::vector<Extract>> extracts(int kind, Uid first, Uid last) override;
  Outcome keep_extracts(int kind, std::span<const Extract> extracts) override;
  Result<std::vector<std::string>> email_ids(std::span<const Uid> uids) override;
  Result<std::vector<std::vector<Uid>>> find_email_ids(std::span<const std::string> ids) override;
  // POP3 serves nobody another's mail.
  Result<std::vector<std::string>> uidls(std::span<const Uid> uids) override;
  Outcome set_uidls(std::span<const std::pair<Uid, std::string>> uidls) override;
  Result<std::vector<Uid>> hidden_from_pop3() override;
  Outcome hide_from_pop3(std::span<const Uid> uids) override;
  Result<std::optional<std::vector<Uid>>> expunged_since(ModSeq modseq) override;

  MaildirMailbox& inner() { return *mailbox_; }
  const std::string& user() const { return user_.address; }

 private:
  Outcome require(Rights needed) const;

  const std::shared_ptr<MaildirMailbox> mailbox_;
  const User user_;
  const std::string prefix_;
  const std::int64_t ids_;
  std::vector<std::shared_ptr<Watcher>> relays_;
};

// Where messages are put, by whom (empty: by the owner), and with which rights.
struct Destination {
  MaildirMailbox* mailbox = nullptr;
  Rights rights = Rights::all();
  std::string user = {};
};
// Denied when nothing may be put there, Invalid when it is a mailbox of another store.
Result<Destination> destination(Mailbox& target);

// The system flags that may be changed with these rights, as bits of Flags.  RFC 4314 section 4
std::uint64_t system_flags_for(Rights rights);
// What is left of the flags of a new message that this user brings. Denied when it has annotations
// that he may not make.
Result<Mailbox::AppendOptions> permit(Mailbox::AppendOptions options, Rights rights,
                                      const std::string& user);

// Tells another watcher, with the ids that it knows; see GuardedMailbox.
class RenumberingWatcher final : public Watcher {
 public:
  RenumberingWatcher(std::weak_ptr<Watcher> watcher, std::int64_t ids)
      : watcher_(std::move(watcher)), ids_(ids) {}
  void moved(MailboxId mailbox, ModSeq modseq) override;
  bool is_needed() const { return !watcher_.expired(); }

 private:
  const std::weak_ptr<Watcher> watcher_;
  const std::int64_t ids_;
};

}  // namespace waxwing
