#include "storage/maildir_store.h"

#include <fstream>
#include <utility>

#include "base/log.h"
#include "storage/delivery.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"
#include "storage/namespaces.h"
#include "storage/shares.h"
#include "storage/staged_message.h"
#include "storage/verification.h"

namespace waxwing {
namespace {

// Beyond so many times the open accounts, objects of accounts that nobody holds are dropped.
constexpr std::size_t kKeptPerOpen = 4;

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

// Messages that never became mail: nothing in staging/ was acknowledged.
Outcome clear_staging(Disk& disk, const std::string& path) {
  std::vector<Disk::Entry> leftovers;
  auto listed = disk.list(path, [&](const Disk::Entry& entry) { leftovers.push_back(entry); });
  if (!listed) return listed;
  for (const auto& [name, is_directory] : leftovers) {
    const std::string leftover = path + "/" + name;
    auto done = is_directory ? disk.remove_tree(leftover) : disk.remove(leftover);
    if (!done) return done;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(Options options, Disk& disk, const Clock& clock) {
  for (const char* directory : {"", "/accounts", "/staging"}) {
    auto done = disk.make_directory(options.data_dir + directory);
    if (!done) return fail(done.error());
  }
  if (auto done = clear_staging(disk, options.data_dir + "/staging"); !done)
    return fail(done.error());
  for (std::size_t i = 0; i < StoreContext::kDoors; ++i) {
    auto done = disk.make_directory(options.data_dir + "/staging" + StoreContext::door(i));
    if (!done) return fail(done.error());
  }
  auto file_system = disk.file_system(options.data_dir);
  if (!file_system) return fail(file_system.error());
  const bool one_sync_is_enough = *file_system == "ext4" || *file_system == "xfs";
  if (!one_sync_is_enough && options.durability == Settings::Durability::Normal) {
    log.warning("durability strict",
                {{"file_system", *file_system},
                 {"reason", "one fsync is known to be enough on ext4 and xfs only"}});
  }
  const bool strict = options.durability == Settings::Durability::Strict || !one_sync_is_enough;
  if (strict) {
    if (auto done = disk.sync_directory(options.data_dir); !done) return fail(done.error());
  }
  auto shares = Shares::open(disk, options.data_dir);
  if (!shares) return fail(shares.error());
  const std::string hostname = options.hostname;
  const std::size_t open_accounts = options.open_accounts;
  std::shared_ptr<StoreContext> context(
      new StoreContext{.options = std::move(options),
                       .disk = disk,
                       .clock = clock,
                       .names = UniqueNames(hostname),
                       .sync_directories = strict,
                       .boot_id = read_boot_id(),
                       .open_accounts = OpenAccounts(open_accounts),
                       .background = {},
                       .text_indexing = {},
                       .new_mail = {},
                       .shares = std::move(*shares),
                       .metadata_news = {}});
  return std::unique_ptr<Store>(std::make_unique<MaildirStore>(std::move(context)));
}

MaildirStore::MaildirStore(std::shared_ptr<StoreContext> context)
    : context_(std::move(context)),
      free_space_(context_->disk, context_->clock, context_->options.data_dir,
                  context_->options.free_space) {}

// The threads end first: they must not be the last to hold an account.
MaildirStore::~MaildirStore() {
  context_->new_mail.stop();
  context_->background.stop();
  context_->text_indexing.stop();
}

Result<std::string> MaildirStore::folder_of_account(std::string_view address) const {
  auto folder = account_folder(address);
  if (!folder) return folder;
  return context_->options.data_dir + "/accounts/" + *folder;
}

Result<std::shared_ptr<MaildirAccount>> MaildirStore::find(std::string_view address) {
  std::lock_guard lock(mutex_);
  if (closed_) return fail(Error::Code::Temporary, "store is closed");
  if (auto found = accounts_.find(address); found != accounts_.end()) return found->second;
  auto path = folder_of_account(address);
  if (!path) return fail(path.error());
  auto done = context_->disk.make_directory(path->substr(0, path->rfind('/')));
  if (!done) return fail(done.error());
  forget_idle();
  auto account = std::make_shared<MaildirAccount>(context_, std::string(address), *path);
  accounts_.emplace(std::string(address), account);
  return account;
}

void MaildirStore::forget_idle() {
  if (accounts_.size() < kKeptPerOpen * context_->options.open_accounts) return;
  // Retired, or who still has a weak pointer might open the folder beside the next object of it.
  std::erase_if(accounts_, [](const auto& entry) {
    const auto& account = entry.second;
    return account.use_count() == 1 && account->retire_if_closed();
  });
}

Result<std::shared_ptr<Account>> MaildirStore::account(std::string_view address) {
  auto account = find(address);
  if (!account) return fail(account.error());
  if (auto access = (*account)->enter(); !access) return fail(access.error());
  return *account;
}

Result<std::shared_ptr<MaildirAccount>> MaildirStore::find_existing(std::string_view address) {
  auto folder = folder_of_account(address);
  if (!folder) return fail(Error::Code::NotFound, folder.error().text);
  if (auto there = context_->disk.stat(*folder); !there) return fail(there.error());
  return find(address);
}

Result<std::shared_ptr<Account>> MaildirStore::mail_of(const User& user) {
  auto own = find(user.address);
  if (!own) return fail(own.error());
  if (auto access = (*own)->enter(); !access) return fail(access.error());
  // Administrators may make mailboxes for all.
  if (user.is_administrator) {
    (void)account(shared_owner(user.address));
  }
  return std::make_shared<Namespaces>(
      std::move(*own), user, *context_->shares, context_->options.quotas,
      [this](const std::string& address) { return find_existing(address); });
}

Result<std::shared_ptr<Account>> MaildirStore::existing_mail_of(const User& user) {
  if (auto there = find_existing(user.address); !there) return fail(there.error());
  return mail_of(user);
}

Outcome MaildirStore::rename_grantee(const std::string& from, const std::string& to) {
  const auto owners = context_->shares->owners_naming(from);
  if (!owners) return fail(owners.error());
  for (const auto& owner : *owners) {
    auto account = find_existing(owner);
    if (!account && account.error().code == Error::Code::NotFound) continue;
    if (!account) return fail(account.error());
    if (auto done = (*account)->rename_identifier(from, to); !done) return done;
  }
  return {};
}

Outcome MaildirStore::remove_account(std::string_view address) {
  // Or whoever gets that address next would read what was meant for another.
  if (auto done = rename_grantee(std::string(address), ""); !done) return done;
  auto folder = folder_of_account(address);
  if (!folder) return fail(folder.error());
  if (auto there = context_->disk.stat(*folder); !there) return fail(there.error());
  auto account = find(address);
  if (!account) return fail(account.error());
  if (auto done = (*account)->retire(); !done) return done;
  const std::string path = (*account)->path();
  const std::string aside = context_->staging() + "/" + context_->names.next(context_->clock.now());
  auto moved = context_->disk.rename(path, aside);
  {
    // Also when it stays where it is: this object is of no more use.
    std::lock_guard lock(mutex_);
    accounts_.erase(std::string(address));
  }
  if (!moved) return moved;
  (void)context_->shares->remove_owner(address);
  auto done = context_->disk.sync_directory(path.substr(0, path.rfind('/')));
  if (!done) return done;
  return context_->disk.remove_tree(aside);
}

Outcome MaildirStore::rename_account(std::string_view from, std::string_view to) {
  auto target = folder_of_account(to);
  if (!target) return fail(target.error());
  if (context_->disk.stat(*target)) return fail(Error::Code::AlreadyExists, "account exists");
  auto account = find(from);
  if (!account) return fail(account.error());
  const std::string parent = target->substr(0, target->rfind('/'));
  if (auto done = context_->disk.make_directory(parent); !done) return done;
  {
    std::lock_guard lock(mutex_);
    if (auto other = accounts_.find(to); other != accounts_.end()) {
      if (!other->second->retire_if_closed())
        return fail(Error::Code::AlreadyExists, "account exists");
      accounts_.erase(other);
    }
  }
  if (auto done = (*account)->retire(); !done) return done;
  const std::string path = (*account)->path();
  auto renamed = context_->disk.rename(path, *target);
  {
    std::lock_guard lock(mutex_);
    accounts_.erase(std::string(from));
  }
  if (!renamed) return renamed;
  (void)context_->shares->remove_owner(from);
  // Its own shares are noted when it is opened.
  (void)this->account(to);
  if (auto done = rename_grantee(std::string(from), std::string(to)); !done) {
    log.error("what was shared with the old address still is",
              {{"from", from}, {"to", to}, {"reason", done.error().text}});
  }
  if (auto done = context_->disk.sync_directory(parent); !done) return done;
  return context_->disk.sync_directory(path.substr(0, path.rfind('/')));
}

Outcome MaildirStore::check_room(std::string_view account, std::uint64_t size) {
  // Most have no limits, and their databases need not be opened to know it.
  if (context_->options.quotas == nullptr) return {};
  const auto limits = context_->options.quotas->limits(account);
  if (!limits) return fail(limits.error());
  if (limits->is_none()) return {};
  auto found = find(account);
  if (!found) return fail(found.error());
  return (*found)->check_room(1, size);
}

Outcome MaildirStore::check_space() {
  return free_space_.check();
}

Result<std::unique_ptr<Staged>> MaildirStore::stage(std::uint64_t expected_size) {
  if (expected_size > context_->options.message_size) {
    return fail(Error::Code::TooLarge, "message is larger than the limit");
  }
  if (auto done = check_space(); !done) return fail(done.error());
  return std::make_unique<StagedMessage>(
      context_->disk,
      context_->staging_folder() + "/" + context_->names.next(context_->clock.now()),
      context_->options.message_size);
}

Result<std::vector<Store::Delivered>> MaildirStore::deliver(Staged& message,
                                                            std::string_view prefix,
                                                            std::span<const Target> targets,
                                                            Outgoing* outgoing) {
  auto* staged = dynamic_cast<StagedMessage*>(&message);
  if (staged == nullptr) return fail(Error::Code::Invalid, "message of another store");
  Delivery delivery(*context_, *staged, context_->clock.now());
  std::vector<Delivered> result;
  for (const auto& target : targets) {
    auto account = find(target.account);
    if (!account) return fail(account.error());
    auto mailbox = (*account)->mailbox_for_delivery(target.mailbox);
    if (!mailbox) return fail(mailbox.error());
    result.push_back({target.account, (*mailbox)->id(), (*mailbox)->uid_validity(), 0});
    delivery.add(std::move(*mailbox), target.prefix + std::string(prefix), target.flags);
  }
  if (outgoing) delivery.add(*outgoing, prefix);
  if (auto done = delivery.run(); !done) return fail(done.error());
  const auto uids = delivery.uids();
  for (std::size_t i = 0; i < result.size(); ++i) result[i].uid = uids[i];
  return result;
}

Result<Store::Verdict> MaildirStore::verify(std::string_view address) {
  auto account = find(address);
  if (!account) return fail(account.error());
  auto verdict = Verification(**account).run();
  // What is known to be well again may be written again.
  if (verdict && verdict->findings.empty()) (*account)->allow_writing();
  return verdict;
}

Outcome MaildirStore::rebuild(std::string_view address) {
  auto account = find(address);
  if (!account) return fail(account.error());
  if (auto done = (*account)->drop_index(); !done) return done;
  auto access = (*account)->enter();
  if (!access) return fail(access.error());
  return {};
}

Outcome MaildirStore::index_texts(std::string_view address) {
  auto account = find(address);
  if (!account) return fail(account.error());
  return (*account)->index_all_texts();
}

void MaildirStore::close() {
  context_->new_mail.stop();
  context_->background.stop();
  context_->text_indexing.stop();
  std::vector<std::shared_ptr<MaildirAccount>> accounts;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [address, account] : accounts_) accounts.push_back(account);
    accounts_.clear();
  }
  for (const auto& account : accounts) account->close();
}

}  // namespace waxwing
