#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/acl.h"
#include "storage/message_annotations.h"
#include "storage/sqlite.h"
#include "storage/types.h"

namespace waxwing {

// A mailbox as account.sqlite knows it.
struct MailboxRecord {
  MailboxId id;
  std::string name;
  std::string folder;  // the directory inside Maildir/; empty for INBOX
  std::uint32_t uid_validity = 0;
  Uid uid_mark = 1;  // no UID from here on was ever used
  SpecialUse special_use = SpecialUse::None;
  std::vector<std::string> keywords;
  ModSeq modseq = 0;  // of the last change of its annotations
  Acl acl;
};

// A mailbox in another account: what stays the same when it or the account gets another name.
struct ForeignMailbox {
  std::int64_t account = 0;  // AccountDb::number()
  std::uint32_t uid_validity = 0;
};

// account.sqlite: small, precious, durable with every call: what the message files cannot tell.
// Held by one thread at a time.
class AccountDb {
 public:
  // Creates it when it is missing, brings an older one up to date.
  static Result<std::unique_ptr<AccountDb>> open(const std::string& path);

  // Drawn by lot when the account was made: of one that was removed, the next of its address has
  // another.
  Result<std::int64_t> number();

  Result<std::vector<MailboxRecord>> mailboxes();
  // Gives it an id and a UIDVALIDITY that no mailbox of this account ever had.
  Result<MailboxRecord> add_mailbox(const std::string& name, const std::string& folder,
                                    SpecialUse use, std::int64_t now);
  // Forgets the mailbox and notes that its directory is to be renamed to `aside`, inside the
  // account's folder: pending() has it until finished().
  Outcome remove_mailbox(MailboxId id, const std::string& folder, const std::string& aside);
  struct Renaming {
    MailboxId id;
    std::string name, folder;  // new
    std::string old_name, old_folder;
  };
  // Gives all of them their new names and notes which directories are to be renamed.
  Outcome rename_mailboxes(std::span<const Renaming> renamings);
  // Takes it back.
  Outcome undo_renaming(std::span<const Renaming> renamings);
  // The mailbox stays in this directory, whatever its name is.
  Outcome keep_folder(MailboxId id, const std::string& folder);
  Outcome set_special_use(MailboxId id, SpecialUse use);
  // The whole list.
  Outcome set_acl(MailboxId id, const Acl& acl);
  // No mailbox that is made later gets it, or a lower one.
  Outcome set_uid_validity(MailboxId id, std::uint32_t uid_validity);

  struct Pending {
    std::int64_t id = 0;
    enum class Kind { Remove = 0, Rename = 1, Unlink = 2 } kind = Kind::Remove;
    // Rename: directories inside Maildir/. Remove: such a one, and where it goes inside the
    // account's folder. Unlink: the file of a message that is gone, inside the account's folder.
    std::string from, to;
  };
  // A file that could not be removed: remembered until it is.
  Outcome note_leftover(const std::string& path);
  Result<std::vector<Pending>> pending();
  Outcome finished(std::int64_t id);
  Outcome finished_renaming();

  Outcome set_uid_mark(MailboxId id, Uid mark);
  Result<ModSeq> modseq_mark();
  Outcome set_modseq_mark(ModSeq mark);
  // Empty: the place is free.
  Outcome set_keyword(MailboxId id, int position, const std::string& keyword);

  Result<std::vector<std::string>> subscriptions();
  Outcome subscribe(const std::string& name);
  Outcome unsubscribe(const std::string& name);

  // --- Annotations of mailboxes (account_db_metadata.cc), values by entry. Of the account with
  // MailboxId{0}.
  using Values = std::map<std::string, std::string>;
  Result<Values> annotations(MailboxId id);
  Result<std::uint64_t> size_of_annotations();  // octets, of all
  // All of them or none; nothing removes.
  using ValueChanges = std::map<std::string, std::optional<std::string>>;
  Outcome annotate(MailboxId id, const ValueChanges& changes, ModSeq modseq);
  // The private ones that this account's user has of another's mailbox.
  Result<Values> private_annotations(const ForeignMailbox& mailbox);
  Outcome annotate_privately(const ForeignMailbox& mailbox, const ValueChanges& changes);

  // Account::url_key; nothing for one of another UIDVALIDITY.
  Result<std::optional<std::string>> url_key(std::string_view mailbox, std::uint32_t uid_validity);
  Outcome set_url_key(std::string_view mailbox, std::uint32_t uid_validity, std::string_view key);
  Outcome remove_url_keys();

  // Keywords that have no letter in a file name, as bits of Flags.
  Result<std::map<Uid, std::uint64_t>> more_keywords(MailboxId id);
  Outcome set_more_keywords(MailboxId id, std::span<const std::pair<Uid, std::uint64_t>> bits);
  // Imported unique ids of POP3.
  Result<std::map<Uid, std::string>> uidls(MailboxId id);
  Outcome set_uidls(MailboxId id, std::span<const std::pair<Uid, std::string>> uidls);
  Result<std::vector<Uid>> hidden(MailboxId id);
  Outcome hide(MailboxId id, std::span<const Uid> uids);

  // --- Annotations of messages (account_db_annotations.cc). Whose they are: kShared, kOwner for
  // the private ones of who has the account, or the address of another user. ---

  static constexpr std::string_view kShared = "";
  static constexpr std::string_view kOwner = "owner";
  // Mailbox::read_annotations(), at once. `uids` ascend.
  Outcome read_message_annotations(MailboxId id, std::span<const Uid> uids, std::string_view user,
                                   const AnnotationQuery& query, const VisitAnnotations& visit);
  struct Annotated {
    std::vector<Uid> uids;                  // that have changed
    std::vector<AnnotationChange> changes;  // that did it
  };
  // All or nothing. Limit when a message has too many then; OverQuota when all of the account grow
  // by more octets than `room`. Where something changes `before_commit` has a say as well.
  Result<Annotated> annotate_messages(
      MailboxId id, std::span<const Uid> uids, std::string_view user,
      std::span<const AnnotationChange> changes, ModSeq modseq, std::uint64_t room,
      const std::function<Outcome(const Annotated&)>& before_commit);
  // Of messages that nobody sees yet.
  using NewAnnotations = std::pair<Uid, std::vector<MessageAnnotation>>;
  Outcome add_message_annotations(MailboxId id, std::span<const NewAnnotations> messages,
                                  std::string_view user);
  Result<bool> has_annotated_messages(MailboxId id);
  // Those that have or had annotations, ascending, and when that last changed: 0 with the message.
  Result<std::vector<std::pair<Uid, ModSeq>>> annotated_messages(MailboxId id);
  // Octets of names and values: of all; or of these messages, as far as they go where this user
  // copies them.
  Result<std::uint64_t> size_of_message_annotations();
  Result<std::uint64_t> size_of_message_annotations(MailboxId id, std::span<const Uid> uids,
                                                    std::string_view user);
  // Other users who may have private annotations here.
  Result<std::vector<std::string>> annotators();
  Outcome add_annotator(std::string_view address);
  // Theirs are another's now; nobody's, and so removed, when `to` is empty.
  Outcome rename_annotator(std::string_view from, std::string_view to);

  // Drops what is kept for this message.
  Outcome forget(MailboxId id, std::span<const Uid> uids);

 private:
  explicit AccountDb(sqlite::Database database) : database_(std::move(database)) {}
  Outcome migrate();
  Result<std::uint32_t> new_uid_validity(std::int64_t now);

  sqlite::Database database_;
};

// The key of a message in all tables of both databases: ascending by mailbox, then by UID.
constexpr std::int64_t message_key(MailboxId mailbox, Uid uid) {
  return (mailbox.value << 32) | static_cast<std::int64_t>(uid);
}
constexpr std::int64_t first_key(MailboxId mailbox) {
  return message_key(mailbox, 0);
}
constexpr std::int64_t last_key(MailboxId mailbox) {
  return message_key(mailbox, UINT32_MAX);
}
constexpr Uid uid_of_key(std::int64_t key) {
  return static_cast<Uid>(key & 0xffffffff);
}

}  // namespace waxwing
