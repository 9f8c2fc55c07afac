#include "storage/maildir_account.h"

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "storage/mailbox_name.h"
#include "storage/maildir_mailbox.h"
#include "storage/recovery.h"

namespace waxwing {
namespace {
constexpr std::size_t kEverything = std::numeric_limits<std::int32_t>::max();

tl::unexpected<Error> not_ours(const Error& error) {
  if (error.code != Error::Code::Temporary) return fail(error);
  return fail(error.code, error.text +
                              "; if it is another user's, `chown -R` the account's folder to the "
                              "user that serves (`user` in the configuration)");
}

// SQLite does not say which file it could not open, nor why.
tl::unexpected<Error> why_not(Disk& disk, const std::string& path, const Error& error) {
  if (error.code == Error::Code::Corrupt) return fail(error);
  const auto opened = disk.open(path, Disk::Mode::Append);
  if (opened) return fail(error.code, path + ": " + error.text);
  return not_ours({error.code, opened.error().text});
}
}  // namespace

MaildirAccount::MaildirAccount(std::shared_ptr<StoreContext> context, std::string address,
                               std::string path)
    : context_(std::move(context)),
      address_(std::move(address)),
      path_(std::move(path)),
      texts_(std::make_shared<SearchIndex>(context_->disk, path_ + "/search.sqlite")),
      indexer_(*this),
      tree_(*this) {}

MaildirAccount::~MaildirAccount() {
  close_databases();
}

Result<Access> MaildirAccount::enter() {
  auto access = try_to_enter();
  if (access || access.error().code != Error::Code::Corrupt || !discard_damaged_index())
    return access;
  return try_to_enter();
}

// The index can be made again, so damage to it must not keep anybody from his mail. False when it
// is not the index that is damaged.
bool MaildirAccount::discard_damaged_index() {
  std::lock_guard lock(mutex_);
  if (databases_) return true;
  {
    auto index = open_index();
    if (index && !(*index)->is_new() && (*index)->is_sound()) return false;
  }
  log.error("damaged index is made again", {{"account", address_}});
  return remove_index().has_value();
}

Result<Access> MaildirAccount::try_to_enter() {
  std::unique_lock lock(mutex_);
  if (retired_) return fail(Error::Code::NotFound, "account was removed");
  if (databases_) {
    context_->open_accounts.used(*this);
    return Access(std::move(lock), *databases_->account, *databases_->index);
  }
  auto databases = open_databases();
  if (!databases) return fail(databases.error());
  databases_ = std::move(*databases);
  Access access(std::move(lock), *databases_->account, *databases_->index);
  if (auto done = recover_if_needed(access); !done) {
    databases_.reset();
    return fail(done.error());
  }
  context_->open_accounts.used(*this);
  find_texts();
  return access;
}

Result<Access> MaildirAccount::enter_to_write() {
  if (read_only_) return fail(Error::Code::ReadOnly, "account is read-only after a failed sync");
  return enter();
}

Result<MaildirAccount::Databases> MaildirAccount::open_databases() {
  Disk& disk = context_->disk;
  const bool is_new = !disk.stat(path_ + "/account.sqlite");
  for (const std::string& directory : {path_, maildir()}) {
    if (auto done = disk.make_directory(directory); !done) return not_ours(done.error());
  }
  Databases result;
  auto account = AccountDb::open(path_ + "/account.sqlite");
  if (!account) return why_not(disk, path_ + "/account.sqlite", account.error());
  result.account = std::move(*account);
  if (is_new && context_->sync_directories) {
    // Its own folder, that of the domain and accounts/: the way to the first message.
    std::string directory = path_;
    for (int level = 0; level < 3; ++level) {
      if (auto done = disk.sync_directory(directory); !done) return fail(done.error());
      directory.resize(directory.rfind('/'));
    }
  }
  auto index = open_index();
  if (!index) return why_not(disk, path_ + "/index.sqlite", index.error());
  result.index = std::move(*index);
  return result;
}

Result<std::unique_ptr<IndexDb>> MaildirAccount::open_index() {
  const bool strict = context_->sync_directories;
  return IndexDb::open(
      context_->disk, path_ + "/index.sqlite",
      strict ? sqlite::Database::Synchronous::Full : sqlite::Database::Synchronous::Normal);
}

Outcome MaildirAccount::recover_if_needed(Access& access) {
  auto mark = access.db.modseq_mark();
  if (!mark) return fail(mark.error());
  publisher_.start(std::max(*mark, publisher_.next_modseq()));
  if (auto done = tree_.load(access); !done) return done;
  if (auto done = note_shares(access); !done) return done;
  if (auto done = tree_.finish_pending(access); !done) return done;
  if (auto done = respect_uids(access); !done) return done;
  if (tree_.needs_sweep()) request_work();
  auto state = access.index.state();
  if (!state) return fail(state.error());
  if (*state != clean_state()) {
    publisher_.forget_unindexed();
    Recovery recovery(*this, access);
    if (auto done = recovery.run(); !done) return done;
    request_work();
  } else {
    tree_.notice_directories(access);
  }
  return access.index.set_state("open " + context_->boot_id);
}

// account.sqlite may be older than the index, out of a backup: then it does not know the newest
// numbers.
Outcome MaildirAccount::respect_uids(Access& access) {
  bool is_older = false;
  for (const auto& [name, mailbox] : tree_.all(access)) {
    auto next = access.index.next_uid(mailbox->id());
    if (!next) return fail(next.error());
    auto& state = mailbox->state(access);
    if (*next <= state.next_uid) continue;
    is_older = true;
    state.next_uid = *next;
    state.record.uid_mark = std::max(state.record.uid_mark, *next);
    auto done = access.db.set_uid_mark(mailbox->id(), state.record.uid_mark);
    if (!done) return done;
  }
  if (!is_older) return {};
  auto highest = access.index.highest_modseq();
  if (!highest) return fail(highest.error());
  publisher_.start(std::max(publisher_.next_modseq(), *highest + 1));
  return {};
}

void MaildirAccount::close_databases() {
  if (!databases_) return;
  Access access({}, *databases_->account, *databases_->index);
  // While the index knows that their messages are gone.
  remove_waiting(access);
  bool clean = !read_only_ && publisher_.catch_up(access).has_value();
  for (const auto& [name, mailbox] : tree_.all(access)) {
    // Exact marks: no gap in UIDs where there was no crash.
    auto& state = mailbox->state(access);
    if (!clean || state.record.uid_mark == state.next_uid) continue;
    clean = access.db.set_uid_mark(mailbox->id(), state.next_uid).has_value();
    if (clean) state.record.uid_mark = state.next_uid;
  }
  clean = clean && access.db.set_modseq_mark(publisher_.next_modseq());
  clean = clean && access.index.trim_log() && access.index.trim_extracts();
  if (clean) (void)access.index.set_state(clean_state());
  texts_->close();
  databases_.reset();
  context_->open_accounts.closed(*this);
}

bool MaildirAccount::close_if_idle() {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || !publisher_.is_idle() || !expunged_files_.empty() || removals_ > 0) return false;
  if (!texts_->try_to_close()) return false;
  close_databases();
  return true;
}

bool MaildirAccount::is_open() {
  std::lock_guard lock(mutex_);
  return databases_.has_value();
}

void MaildirAccount::close() {
  if (is_open()) {
    auto done = settle();
    if (!done && !read_only_) {
      log.warning("flags are in the index only",
                  {{"account", address_}, {"reason", done.error().text}});
    }
  }
  std::unique_lock lock(mutex_);
  close_databases();
}

Outcome MaildirAccount::drop_index() {
  // Flags that are only in the index go into the names first; most of them while others work on. A
  // damaged index has none to give.
  const auto is_lost = [](const Error& error) { return error.code == Error::Code::Corrupt; };
  if (auto done = settle(); !done && !is_lost(done.error())) return done;
  auto access = enter();
  if (!access) return fail(access.error());
  // A copy: the lock is open while we wait.
  const auto mailboxes = tree_.all(*access);
  for (const auto& [name, mailbox] : mailboxes) publisher_.drain(*access, *mailbox);
  for (const auto& [name, mailbox] : mailboxes) {
    auto done = mailbox->settle(*access, kEverything);
    if (!done && !is_lost(done.error())) return fail(done.error());
  }
  if (!publisher_.is_idle() || removals_ > 0)
    return fail(Error::Code::Temporary, "account is in use");
  close_databases();
  return remove_index();
}

Outcome MaildirAccount::remove_index() {
  auto done = sqlite::remove_files(context_->disk, path_ + "/index.sqlite");
  if (!done) return done;
  usage_.reset();
  return {};
}

Outcome MaildirAccount::retire() {
  auto access = enter();
  if (!access) return fail(access.error());
  if (!publisher_.close(*access))
    return fail(Error::Code::Temporary, "account is about to go already");
  for (const auto& [name, mailbox] : tree_.all(*access)) mailbox->set_gone(*access);
  retired_ = true;
  close_databases();
  return {};
}

bool MaildirAccount::retire_if_closed() {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || databases_ || read_only_) return false;
  retired_ = true;
  return true;
}

void MaildirAccount::stop_writing(const Error& error) {
  // A full disk is a passing state; after any other failure the kernel may have dropped the data.
  if (error.code == Error::Code::NoSpace) return;
  read_only_ = true;
  log.error("account read-only", {{"account", address_}, {"reason", error.text}});
}

void MaildirAccount::allow_writing() {
  read_only_ = false;
}

void MaildirAccount::watch(std::weak_ptr<Watcher> watcher) {
  const std::lock_guard lock(watchers_mutex_);
  std::erase_if(watchers_, [](const auto& w) { return w.expired(); });
  watchers_.push_back(std::move(watcher));
}

void MaildirAccount::tell(MailboxId mailbox, ModSeq modseq) {
  std::vector<std::shared_ptr<Watcher>> alive;
  {
    const std::lock_guard lock(watchers_mutex_);
    for (const auto& watcher : watchers_) {
      if (auto held = watcher.lock()) alive.push_back(std::move(held));
    }
  }
  for (const auto& watcher : alive) watcher->moved(mailbox, modseq);
}

Result<std::vector<MailboxInfo>> MaildirAccount::mailboxes() {
  auto access = enter();
  if (!access) return fail(access.error());
  tree_.notice_directories(*access);
  return tree_.list(*access);
}

Result<std::shared_ptr<Mailbox>> MaildirAccount::mailbox(std::string_view name) {
  auto found = open_mailbox(name);
  if (!found) return fail(found.error());
  return (*found)->shared();
}

// Who comes first when the index is damaged waits until it is made again.
Result<std::shared_ptr<MaildirMailbox>> MaildirAccount::open_mailbox(std::string_view name) {
  auto found = load_mailbox(name);
  if (found || found.error().code != Error::Code::Corrupt || !heal_index()) return found;
  return load_mailbox(name);
}

Result<std::shared_ptr<MaildirMailbox>> MaildirAccount::load_mailbox(std::string_view name) {
  auto canonical = canonical_name(name);
  if (!canonical) return fail(Error::Code::NotFound, "no such mailbox");
  auto access = enter();
  if (!access) return fail(access.error());
  auto found = tree_.find(*access, *canonical);
  if (!found) return fail(Error::Code::NotFound, "no such mailbox");
  if (auto done = found->load(*access); !done) return fail(done.error());
  return found->shared_from_this();
}

Result<std::shared_ptr<MaildirMailbox>> MaildirAccount::mailbox_for_delivery(
    std::string_view name) {
  auto canonical = canonical_name(name);
  if (!canonical) return fail(canonical.error());
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  if (auto found = tree_.find(*access, *canonical)) return found->shared();
  auto made = tree_.create(*access, *canonical, SpecialUse::None);
  if (!made) return made;
  access->release();
  tell(kMailboxNames, 0);
  return (*made)->shared();
}

Result<MailboxStatus> MaildirAccount::status(std::string_view name) {
  auto opened = open_mailbox(name);
  if (!opened) return fail(opened.error());
  auto access = enter();
  if (!access) return fail(access.error());
  const auto& found = *opened;
  const auto view = found->view();
  MailboxStatus status;
  status.id = found->id();
  status.uid_validity = found->uid_validity();
  status.uid_next = view->uid_next();
  status.highest_modseq = view->highest_modseq();
  status.messages = view->size();
  status.unseen = view->unseen();
  status.deleted = view->deleted();
  status.recent = view->size() - view->lower_bound(found->state(*access).recent);
  status.size = view->total_size();
  for (std::size_t n = 0; status.deleted > 0 && n < view->size(); ++n) {
    if ((*view)[n].flags.has(Flags::kDeleted)) status.deleted_size += (*view)[n].size;
  }
  return status;
}

Result<std::shared_ptr<Mailbox>> MaildirAccount::create(std::string_view name, SpecialUse use) {
  return add_mailbox([&](Access& access) { return tree_.create(access, name, use); });
}

Result<std::shared_ptr<Mailbox>> MaildirAccount::import_mailbox(std::string_view name,
                                                                std::uint32_t uid_validity) {
  return add_mailbox([&](Access& access) { return tree_.import(access, name, uid_validity); });
}

Result<std::shared_ptr<Mailbox>> MaildirAccount::add_mailbox(
    const std::function<Result<std::shared_ptr<MaildirMailbox>>(Access&)>& make) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  auto made = make(*access);
  if (!made) return fail(made.error());
  if (auto done = (*made)->load(*access); !done) return fail(done.error());
  access->release();
  tell(kMailboxNames, 0);
  return (*made)->shared();
}

Outcome MaildirAccount::remove(std::string_view name) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  if (auto done = tree_.remove(*access, name); !done) return done;
  access->release();
  tell(kMailboxNames, 0);
  // Without the lock: a large mailbox takes a while.
  sweep();
  return {};
}

Outcome MaildirAccount::rename(std::string_view from, std::string_view to) {
  auto canonical = canonical_name(from);
  if (!canonical) return fail(canonical.error());
  if (*canonical != "INBOX") {
    auto access = enter_to_write();
    if (!access) return fail(access.error());
    auto renamed = tree_.rename(*access, *canonical, to);
    access->release();
    tell(kMailboxNames, 0);
    return renamed;
  }
  // INBOX itself stays: its messages move, its inferiors do not.  RFC 9051 section 6.3.6
  auto inbox = mailbox("INBOX");
  if (!inbox) return fail(inbox.error());
  auto target = create(to, SpecialUse::None);
  if (!target) return fail(target.error());
  std::vector<Uid> uids;
  const auto view = (*inbox)->view();
  for (std::size_t i = 0; i < view->size(); ++i) uids.push_back((*view)[i].uid);
  // They stay with INBOX as well.  RFC 5464 section 4.1
  if (const auto own = annotations("INBOX"); own && !own->empty()) {
    AnnotationChanges copies;
    for (const auto& [entry, value] : *own) copies.emplace(entry, value);
    (void)annotate((*target)->name(), copies);
  }
  if (uids.empty()) return {};
  auto moved = (*inbox)->move(uids, **target);
  if (!moved) {
    (void)remove((*target)->name());
    return fail(moved.error());
  }
  return {};
}

Outcome MaildirAccount::subscribe(std::string_view name) {
  auto canonical = canonical_name(name, kMaxMailboxName + length_of_prefix(name));
  if (!canonical) return fail(canonical.error());
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  auto done = access->db.subscribe(*canonical);
  access->release();
  tell(kMailboxNames, 0);
  return done;
}

Outcome MaildirAccount::unsubscribe(std::string_view name) {
  auto canonical = canonical_name(name, kMaxMailboxName + length_of_prefix(name));
  if (!canonical) return fail(canonical.error());
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  auto done = access->db.unsubscribe(*canonical);
  access->release();
  tell(kMailboxNames, 0);
  return done;
}

Result<std::string> MaildirAccount::special(SpecialUse use) {
  auto access = enter();
  if (!access) return fail(access.error());
  return tree_.special(*access, use);
}

Outcome MaildirAccount::set_special_use(std::string_view mailbox, SpecialUse use) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  auto found = annotated_mailbox(*access, mailbox);
  if (!found) return fail(found.error());
  if (!*found) return fail(Error::Code::Invalid, "the account itself has no use");
  if (auto done = access->db.set_special_use((*found)->id(), use); !done) return done;
  (*found)->state(*access).record.special_use = use;
  access->release();
  tell(kMailboxNames, 0);
  return {};
}

}  // namespace waxwing
