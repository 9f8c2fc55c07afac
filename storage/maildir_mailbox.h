#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/access.h"
#include "storage/mailbox.h"
#include "storage/ticket.h"

namespace waxwing {

class MaildirAccount;
struct StoreContext;

// The Mailbox of this store.
class MaildirMailbox final : public Mailbox, public std::enable_shared_from_this<MaildirMailbox> {
 public:
  MaildirMailbox(StoreContext& context, MaildirAccount& account, MailboxRecord record);

  MailboxId id() const override { return id_; }
  std::string name() const override;
  std::uint32_t uid_validity() const override { return uid_validity_; }
  bool is_gone() const override;
  View::Version view() const override;
  void watch(std::weak_ptr<Watcher> watcher) override;
  Outcome refresh() override;
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
  Outcome read(std::span<const Uid> uids, Fields fields,
               const std::function<bool(Uid, const Parsed&)>& visit) override;
  Result<std::vector<Extract>> extracts(int kind, Uid first, Uid last) override;
  Outcome keep_extracts(int kind, std::span<const Extract> extracts) override;
  std::unique_ptr<TextLookup> look_up_texts(const std::vector<TextKey>& keys) override;
  Outcome read_annotations(std::span<const Uid> uids, const AnnotationQuery& query,
                           const VisitAnnotations& visit) override;
  Result<FlagOutcome> annotate(std::span<const Uid> uids, std::span<const AnnotationChange> changes,
                               std::optional<ModSeq> unchanged_since) override;
  std::vector<AnnotatedMessages> annotated_since(ModSeq modseq) const override;
  Result<std::vector<std::string>> email_ids(std::span<const Uid> uids) override;
  Result<std::vector<std::vector<Uid>>> find_email_ids(std::span<const std::string> ids) override;
  Result<std::vector<std::string>> uidls(std::span<const Uid> uids) override;
  Outcome set_uidls(std::span<const std::pair<Uid, std::string>> uidls) override;
  Result<std::vector<Uid>> hidden_from_pop3() override;
  Outcome hide_from_pop3(std::span<const Uid> uids) override;
  Result<std::optional<std::vector<Uid>>> expunged_since(ModSeq modseq) override;

  // --- For the other parts of the store; what takes an Access is guarded by the account's lock.
  // ---

  MaildirAccount& account() { return account_; }

  // Whose private annotations are those of this user, as AccountDb has it; the owner's when the
  // address is empty.
  std::string annotator(std::string_view address = {}) const;
  // The same as above for any user.
  Outcome read_annotations_of(const std::string& user, std::span<const Uid> uids,
                              const AnnotationQuery& query, const VisitAnnotations& visit);
  Result<FlagOutcome> annotate_as(const std::string& user, std::span<const Uid> uids,
                                  std::span<const AnnotationChange> changes,
                                  std::optional<ModSeq> unchanged_since);
  std::vector<AnnotatedMessages> annotated_since_for(const std::string& user, ModSeq modseq) const;
  // Of messages that are on their way in: durable when it returns.
  Outcome annotate_new(Access& access, const std::string& user,
                       std::span<const AccountDb::NewAnnotations> messages);

  // Does not block.
  std::shared_ptr<const Acl> acl() const;
  void set_acl(const Access&, Acl acl);
  // Keeps itself and its account alive.
  std::shared_ptr<MaildirMailbox> shared();

  // When a directory was last compared with the index.
  struct Scan {
    std::int64_t modified = -1, nanoseconds = 0;  // of the directory, then
    std::int64_t at = 0;
  };
  // Who opens one message after the other gets their names several at a time. They may be out of
  // date: then the file is not there.
  struct NamesAhead {
    Uid last = 0;                     // the message that was opened last
    std::vector<IndexEntry> entries;  // ascending
  };
  struct State {
    MailboxRecord record;
    Uid next_uid = 1;                             // the next to take
    std::deque<std::shared_ptr<Ticket>> tickets;  // in UID order
    bool loaded = false;                          // view() tells the truth
    Uid recent = 1;
    bool unsettled = true;              // there may be flags that names do not have yet
    bool unparsed = true;               // there may be messages without parsed fields
    bool strays = false;                // there are files to adopt
    std::atomic<bool> adopting{false};  // somebody takes in strays of this mailbox
    std::set<std::string> refused;      // strays that cannot be adopted, and that was said
    Scan cur, fresh;                    // of cur/ and new/
    bool touched = false;               // we changed cur/ since it was scanned
    NamesAhead ahead;
  };
  State& state(const Access&) { return state_; }
  std::string folder(const Access&) const;  // path of the directory above cur/
  std::string file(const Access& access, const IndexEntry& entry) const;

  // Reads the rows, if that has not been done.
  Outcome load(Access& access);
  // The same again, after the index was changed behind the view.
  Outcome reload(Access& access);
  // UIDNEXT as others may know it: nothing on its way in counts.
  Uid published_uid_next(const Access&) const;
  // Makes this version the newest; told to watchers when the access is released.
  void show(Access& access, View::Version view);
  void show_expunged(Access& access, const std::vector<Uid>& uids, ModSeq modseq);
  // The same on the way to a version that has other changes too.
  void show_expunged(Access& access, View::Version before, const std::vector<Uid>& uids,
                     ModSeq modseq);
  void tell(ModSeq modseq);
  bool is_watched();
  Result<std::string> new_directory();
  void set_name(const Access&, std::string name, std::string folder);
  void set_gone(Access& access);
  // The row and name of a message, indexed or not yet.
  Result<IndexEntry> entry(Access& access, Uid uid);
  // Of a message that is here; NotFound when it is not.
  Result<std::string> path(Access& access, Uid uid);
  // Bits of these flags here; keywords that are new are created: all, or those that fit.
  enum class NewKeywords { Create, CreateSome, Ignore };
  Result<std::uint64_t> keyword_bits(Access& access, const std::vector<std::string>& keywords,
                                     NewKeywords how);
  // Expunges these in one commit; they exist. Files are left to the caller.
  Outcome set_flags(Access& access, const View& before, std::span<const MessageRow> rows);
  Outcome remove_rows(Access& access, const std::vector<Uid>& uids, IndexDb::Expunged how);
  // Renames files to what their flags are now; some at a time. True when nothing is left.
  Result<bool> settle(std::size_t limit);
  Result<bool> settle(Access& access, std::size_t limit);
  // Adopts files that recovery found.
  Outcome take_strays();
  // Reads messages whose fields are missing. True when nothing is left.
  Result<bool> parse_missing(std::size_t limit);
  // Calls `use` with the path of a message's file, again with a new path when the file was renamed
  // meanwhile. NotFound when the message is gone.
  Outcome with_file(Uid uid,
                    const std::function<Outcome(const std::string& path, const IndexEntry&)>& use);

 private:
  Result<Access> enter();
  Result<Access> enter_to_write();
  struct NamedFile {
    std::string path;
    std::uint64_t size = 0;
  };
  std::optional<NamedFile> named_ahead(Uid uid);
  Result<std::vector<std::pair<Uid, Parsed>>> read_slice(std::span<const Uid> uids, Fields fields);
  Outcome read_rows(Access& access);
  Outcome forget_unused_keywords(Access& access);
  Result<Parsed> parse_file(Uid uid);
  Outcome settle_names(Access& access, const std::vector<IndexEntry>& entries);
  Outcome note_annotator(Access& access, const std::string& user);

  StoreContext& context_;
  MaildirAccount& account_;
  const MailboxId id_;
  const std::uint32_t uid_validity_;
  State state_;

  mutable std::mutex public_mutex_;  // guards what follows
  std::string name_;
  bool gone_ = false;
  std::shared_ptr<const Acl> acl_;
  View::Version view_ = View::make({}, 1, 1, {});
  std::vector<std::weak_ptr<Watcher>> watchers_;
  AnnotationLog annotated_;
};

}  // namespace waxwing
