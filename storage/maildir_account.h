#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/access.h"
#include "storage/account.h"
#include "storage/mailbox_tree.h"
#include "storage/publisher.h"
#include "storage/search_index.h"
#include "storage/store.h"
#include "storage/store_context.h"
#include "storage/text_indexer.h"

namespace waxwing {

class MaildirMailbox;

// The Account of this store: one folder with Maildir/, account.sqlite and index.sqlite. One lock
// guards all that belongs to an account; it is held for memory and SQLite, and never while a
// message file is written or synced. Databases open with the first use and may close between uses;
// views and watchers stay.
class MaildirAccount final : public Account, public std::enable_shared_from_this<MaildirAccount> {
 public:
  MaildirAccount(std::shared_ptr<StoreContext> context, std::string address, std::string path);
  ~MaildirAccount() override;

  const std::string& address() const override { return address_; }
  void watch(std::weak_ptr<Watcher> watcher) override;
  Result<std::vector<MailboxInfo>> mailboxes() override;
  Result<std::shared_ptr<Mailbox>> mailbox(std::string_view name) override;
  Result<MailboxStatus> status(std::string_view name) override;
  Result<std::shared_ptr<Mailbox>> create(std::string_view name, SpecialUse use) override;
  Result<std::shared_ptr<Mailbox>> import_mailbox(std::string_view name,
                                                  std::uint32_t uid_validity) override;
  Outcome remove(std::string_view name) override;
  Outcome rename(std::string_view from, std::string_view to) override;
  Outcome subscribe(std::string_view name) override;
  Outcome unsubscribe(std::string_view name) override;
  Result<std::string> special(SpecialUse use) override;
  Result<Annotations> annotations(std::string_view mailbox) override;
  Result<std::uint64_t> annotate(std::string_view mailbox,
                                 const AnnotationChanges& changes) override;
  std::vector<Annotated> annotated_since(std::uint64_t number) override;
  std::uint64_t last_annotated() override;
  Outcome set_special_use(std::string_view mailbox, SpecialUse use) override;
  Result<std::optional<std::string>> url_key(std::string_view mailbox,
                                             std::uint32_t uid_validity) override;
  Result<std::string> make_url_key(std::string_view mailbox, std::uint32_t uid_validity,
                                   UrlKey which) override;
  Outcome remove_url_keys() override;
  std::uint64_t url_key_changes(std::string_view mailbox) override;
  Result<Acl> acl(std::string_view mailbox) override;
  Outcome change_acl(std::string_view mailbox, const std::string& identifier,
                     const RightsChange& change) override;
  Result<Rights> rights(std::string_view mailbox) override;
  Result<Usage> usage() override;
  Result<QuotaLimits> quota() override;

  // --- For the other parts of the store. ---

  StoreContext& context() { return *context_; }
  MetadataNews::Log& annotation_log() { return annotations_; }
  const std::string& path() const { return path_; }
  std::string maildir() const { return path_ + "/Maildir"; }
  Publisher& publisher() { return publisher_; }
  MailboxTree& tree() { return tree_; }

  // Those that this user may see, under their names here.
  Result<std::vector<MailboxInfo>> mailboxes_for(const User& user);
  // NotFound when there is no such mailbox, or it is not even listed and may not be read.
  Result<Rights> rights_for(const User& user, std::string_view mailbox);
  // What may be done with the nearest mailbox above that name.
  Result<Rights> rights_above(const User& user, std::string_view mailbox);
  // With its rows loaded.
  Result<std::shared_ptr<MaildirMailbox>> open_mailbox(std::string_view name);
  bool has_mailbox(std::string_view name);
  // Nobody of that name has rights here any more; or somebody of another name has them.
  Outcome rename_identifier(const std::string& from, const std::string& to);

  // How other users' annotations know a mailbox of this account.
  Result<ForeignMailbox> as_foreign(std::string_view mailbox);
  // Those that the user of this account has of another's mailbox, which he calls `name`: as
  // annotations() and annotate().
  Result<Annotations> private_annotations(const ForeignMailbox& mailbox);
  Result<std::uint64_t> annotate_privately(const ForeignMailbox& mailbox, const std::string& name,
                                           const AnnotationChanges& changes);
  // By how many octets annotations of messages may grow.
  Result<std::uint64_t> annotation_room();
  // OverQuota when so much more is too much.
  Outcome check_room(std::uint64_t messages, std::uint64_t bytes);
  // To the watchers; not under the lock.
  void tell(MailboxId mailbox, ModSeq modseq);

  // Takes the lock and opens the databases if they are closed: after an unclean stop that recovers
  // what they lost.
  Result<Access> enter();
  // The same, and ReadOnly after a failed fsync.
  Result<Access> enter_to_write();
  // The mailbox for a message; made when it is missing.
  Result<std::shared_ptr<MaildirMailbox>> mailbox_for_delivery(std::string_view name);

  // The index does not take messages because it is damaged: it is made again soon.
  void distrust_index();

  // A sync failed: nobody knows what is on the disk now.
  void stop_writing(const Error& error);
  void allow_writing();
  bool is_read_only() const { return read_only_; }

  // Removes the file of a message that is gone already. When that fails, both databases remember
  // it, and the next comparison of files and index removes it: the message must not come back.
  void remove_file(Access& access, MaildirMailbox& mailbox, Uid uid, const std::string& path);

  // Lives from before the commit that expunges messages until their files are gone: meanwhile only
  // the index knows that these files are no messages, so it is not dropped.
  class Removal {
   public:
    explicit Removal(MaildirAccount& account) : account_(account) { ++account_.removals_; }
    Removal(const Removal&) = delete;
    ~Removal() { --account_.removals_; }

   private:
    MaildirAccount& account_;
  };
  // Removes several files, without the lock: once the rows are gone nobody renames them. Many are
  // left to the background, since nobody has to wait for them: the expunge log knows them.
  void remove_files(const Removal&, MaildirMailbox& mailbox,
                    std::span<const std::pair<Uid, std::string>> files);
  // Removes those that were left.
  void remove_waiting();

  void count_added(Access&, const std::vector<MessageRow>& rows);
  void count_removed(Access&, std::uint64_t messages, std::uint64_t bytes);

  // Settles flags, and closes the databases if nobody uses them now. Never waits for the lock.
  bool close_if_idle();
  void close();
  bool is_open();
  // Removes the index; the next use makes it again.
  Outcome drop_index();
  // The folder is about to be moved away: no more use through this object.
  Outcome retire();
  // The same for an object that nobody needs now; false when it is open, or should be remembered.
  bool retire_if_closed();

  // A share of the work that nobody waits for: rows into the index, flags into names, missing
  // fields. True when nothing is left.
  bool work();
  // work() is called within seconds.
  void request_work() { context_->background.request(weak_from_this()); }
  // All flags into names, or an error.
  Outcome settle();

  // --- The text index. ---

  SearchIndex& texts() { return *texts_; }
  Outcome open_texts();
  // Of the next state of the text index, which index.sqlite knows before it is written.
  Result<SearchDb::Generation> next_text_generation();
  // All of them, with their views.
  Result<std::vector<std::shared_ptr<MaildirMailbox>>> loaded_mailboxes();
  // nullptr where there is none, or not yet.
  std::unique_ptr<TextLookup> look_up_texts(MailboxId mailbox, const std::vector<TextKey>& keys);
  // A share of what there is to index. True when nothing is left.
  bool index_texts(Pace& pace);
  Outcome index_all_texts();

 private:
  struct ExpungedFile {
    std::shared_ptr<MaildirMailbox> mailbox;
    Uid uid;
    std::string file;  // its name in cur/
    std::string path(const Access& access) const;
  };
  struct Databases {
    std::unique_ptr<AccountDb> account;
    std::unique_ptr<IndexDb> index;
  };

  Result<std::vector<std::shared_ptr<MaildirMailbox>>> all_mailboxes();
  Result<std::shared_ptr<Mailbox>> add_mailbox(
      const std::function<Result<std::shared_ptr<MaildirMailbox>>(Access&)>& make);
  Result<Access> try_to_enter();
  Result<Databases> open_databases();
  Result<std::unique_ptr<IndexDb>> open_index();
  bool discard_damaged_index();
  Outcome heal_index();
  Outcome recover_if_needed(Access& access);
  Result<std::shared_ptr<MaildirMailbox>> annotated_mailbox(Access& access, std::string_view name);
  Result<AnnotationChanges> real_changes(Access& access, Annotations now,
                                         const AnnotationChanges& changes);
  // Releases the account.
  std::uint64_t tell_annotated(Access& access, const std::shared_ptr<MaildirMailbox>& mailbox,
                               const std::string& name, const AnnotationChanges& changes);
  Outcome note_shares(Access& access);
  Outcome set_acl(Access& access, MaildirMailbox& mailbox, Acl acl);
  Result<std::shared_ptr<MaildirMailbox>> load_mailbox(std::string_view name);
  void remove_waiting(Access& access);
  Outcome respect_uids(Access& access);
  Outcome remove_index();
  void close_databases();
  void find_texts();
  // Deletes what is left of removed mailboxes.
  void sweep();
  std::string clean_state() const { return "clean " + context_->boot_id; }

  const std::shared_ptr<StoreContext> context_;
  const std::string address_;
  const std::string path_;

  const std::shared_ptr<SearchIndex> texts_;
  std::mutex indexer_mutex_;  // guards it; taken before all others
  TextIndexer indexer_;

  MetadataNews::Log annotations_;
  std::mutex watchers_mutex_;  // guards these
  std::vector<std::weak_ptr<Watcher>> watchers_;
  std::map<std::string, std::uint64_t, std::less<>> url_key_changes_;  // by mailbox; "": of all
  std::atomic<std::uint64_t> all_url_key_changes_{0};

  std::mutex mutex_;  // guards what follows
  std::optional<Databases> databases_;
  Publisher publisher_;
  MailboxTree tree_;
  std::optional<Usage> usage_;
  std::deque<ExpungedFile> expunged_files_;
  bool retired_ = false;
  std::atomic<int> removals_{0};
  std::atomic<bool> read_only_{false};
  std::atomic<bool> index_distrusted_{false};
};

}  // namespace waxwing
