#include "storage/mailbox_tree.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "storage/mailbox_name.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {
namespace {

constexpr std::size_t kMaxMailboxes = 10'000;
// Of what is subscribed and not there.
constexpr std::size_t kMaxLostLevels = 32;
// In an account's folder: directories of mailboxes that were removed.
constexpr const char* kAside = "removed";

constexpr std::uint32_t kMaxImportedValidity = 4'200'000'000;

constexpr std::array<std::pair<const char*, SpecialUse>, 6> kFirstMailboxes = {
    {{"INBOX", SpecialUse::None},
     {"Drafts", SpecialUse::Drafts},
     {"Sent", SpecialUse::Sent},
     {"Junk", SpecialUse::Junk},
     {"Trash", SpecialUse::Trash},
     {"Archive", SpecialUse::Archive}}};

}  // namespace

std::string MailboxTree::directory(const std::string& folder) const {
  return folder.empty() ? account_.maildir() : account_.maildir() + "/" + folder;
}

std::string MailboxTree::aside() const {
  return account_.path() + "/" + kAside;
}

std::shared_ptr<MaildirMailbox> MailboxTree::find(const Access&, std::string_view name) const {
  auto found = mailboxes_.find(name);
  return found == mailboxes_.end() ? nullptr : found->second;
}

Outcome MailboxTree::load(Access& access) {
  auto records = access.db.mailboxes();
  if (!records) return fail(records.error());
  if (!mailboxes_.empty()) return {};
  for (auto& record : *records) {
    std::string name = record.name;
    mailboxes_[name] =
        std::make_shared<MaildirMailbox>(account_.context(), account_, std::move(record));
  }
  for (auto [name, use] : kFirstMailboxes) {
    // INBOX is always there; the others are only a gift to a new account of somebody's.
    const bool is_gift = records->empty() && !account_.address().starts_with('@');
    if (mailboxes_.contains(name) || (!is_gift && use != SpecialUse::None)) continue;
    auto folder = folder_of(name);
    if (!folder) return fail(folder.error());
    if (auto added = add(access, name, *folder, use); !added) return fail(added.error());
    if (auto done = access.db.subscribe(name); !done) return done;
  }
  return {};
}

Outcome MailboxTree::make_directories(const std::string& name, const std::string& folder) {
  Disk& disk = account_.context().disk;
  const std::string path = directory(folder);
  for (const char* part : {"", "/tmp", "/new", "/cur"}) {
    if (auto done = disk.make_directory(path + part); !done) return done;
  }
  if (account_.context().sync_directories) {
    for (const std::string& parent : {path, account_.maildir()}) {
      if (auto done = disk.sync_directory(parent); !done) return done;
    }
  }
  return folder.empty() ? Outcome() : mark(name, folder);
}

// What is in the mark is read only when account.sqlite is lost: after a rename that was cut off it
// may be an old name until the next recovery, and is taken for none.
Outcome MailboxTree::mark(const std::string& name, const std::string& folder) {
  Disk& disk = account_.context().disk;
  const std::string path = directory(folder) + "/" + kFolderMark;
  if (is_abbreviated(folder)) {
    if (marked_name(folder) == name) return {};
    const auto removed = disk.remove(path);
    if (!removed && removed.error().code != Error::Code::NotFound) return removed;
  }
  const auto file = disk.open(path, Disk::Mode::Create);
  if (!file)
    return file.error().code == Error::Code::AlreadyExists ? Outcome() : fail(file.error());
  return is_abbreviated(folder) ? disk.write(*file, name) : Outcome();
}

// Of an abbreviated folder.
std::optional<std::string> MailboxTree::marked_name(const std::string& folder) {
  Disk& disk = account_.context().disk;
  const auto file = disk.open(directory(folder) + "/" + kFolderMark, Disk::Mode::Read);
  if (!file) return std::nullopt;
  const auto text = disk.read(*file, 0, kMaxMailboxName);
  return text ? name_of_mark(folder, *text) : std::nullopt;
}

Result<std::shared_ptr<MaildirMailbox>> MailboxTree::add(Access& access, const std::string& name,
                                                         const std::string& folder,
                                                         SpecialUse use) {
  if (auto done = release_folder(access, folder); !done) return fail(done.error());
  // Directories first: an empty one too many is harmless, one too few is not.
  if (auto done = make_directories(name, folder); !done) return fail(done.error());
  auto record =
      access.db.add_mailbox(name, folder, use, unix_seconds(account_.context().clock.now()));
  if (!record) return fail(record.error());
  auto mailbox = std::make_shared<MaildirMailbox>(account_.context(), account_, std::move(*record));
  mailboxes_[name] = mailbox;
  return mailbox;
}

Result<std::vector<MailboxInfo>> MailboxTree::list(Access& access) {
  auto subscribed = access.db.subscriptions();
  if (!subscribed) return fail(subscribed.error());
  std::map<std::string, MailboxInfo> infos;
  auto info = [&](const std::string& name) -> MailboxInfo& {
    auto [place, is_new] = infos.try_emplace(name);
    if (is_new) place->second.name = name, place->second.exists = false;
    return place->second;
  };
  for (const auto& [name, mailbox] : mailboxes_) {
    auto& entry = info(name);
    entry.exists = true;
    entry.id = mailbox->id();
    entry.special_use = mailbox->state(access).record.special_use;
    // Above a level that has children already all have.
    climb(name, [&](std::string_view level) {
      return !std::exchange(info(std::string(level)).has_children, true);
    });
  }
  for (const auto& name : *subscribed) {
    info(name).subscribed = true;
    // LSUB "%" tells of "a" when only "a/b" is subscribed and neither exists.  RFC 3501 6.3.9
    const auto levels = levels_above(name);
    if (levels.size() >= kMaxLostLevels) continue;  // a lot of text for long names
    for (const auto& level : levels) info(level);
  }
  std::vector<MailboxInfo> result;
  for (auto& [name, entry] : infos) result.push_back(std::move(entry));
  std::stable_partition(result.begin(), result.end(),
                        [](const auto& i) { return i.name == "INBOX"; });
  return result;
}

Result<std::shared_ptr<MaildirMailbox>> MailboxTree::create(Access& access, std::string_view name,
                                                            SpecialUse use) {
  auto canonical = canonical_name(name);
  if (!canonical) return fail(canonical.error());
  if (mailboxes_.contains(*canonical)) return fail(Error::Code::AlreadyExists, "mailbox exists");
  auto missing = levels_above(*canonical);
  std::erase_if(missing, [&](const auto& level) { return mailboxes_.contains(level); });
  if (mailboxes_.size() + missing.size() > kMaxMailboxes) {
    return fail(Error::Code::Limit, "too many mailboxes");
  }
  missing.push_back(*canonical);
  std::shared_ptr<MaildirMailbox> made;
  for (const auto& level : missing) {
    auto folder = folder_of(level);
    if (!folder) return fail(folder.error());
    auto added = add(access, level, *folder, level == *canonical ? use : SpecialUse::None);
    if (!added) return added;
    if (auto done = access.db.subscribe(level); !done) return fail(done.error());
    made = *added;
    if (auto done = inherit(access, *made); !done) return fail(done.error());
  }
  return made;
}

// A crash in between leaves a mailbox that only its owner sees.
Outcome MailboxTree::inherit(Access& access, MaildirMailbox& mailbox) {
  const auto parent = nearest_above(access, mailbox.name());
  if (!parent || parent->acl()->empty()) return {};
  if (auto done = access.db.set_acl(mailbox.id(), *parent->acl()); !done) return done;
  mailbox.set_acl(access, *parent->acl());
  return {};
}

std::shared_ptr<MaildirMailbox> MailboxTree::nearest_above(const Access& access,
                                                           std::string_view name) const {
  std::shared_ptr<MaildirMailbox> found;
  climb(name, [&](std::string_view level) { return !(found = find(access, level)); });
  return found;
}

Result<std::shared_ptr<MaildirMailbox>> MailboxTree::import(Access& access, std::string_view name,
                                                            std::uint32_t uid_validity) {
  auto canonical = canonical_name(name);
  if (!canonical) return fail(canonical.error());
  // Mailboxes that are made later need higher numbers.
  if (uid_validity == 0 || uid_validity > kMaxImportedValidity) {
    return fail(Error::Code::Invalid, "that UIDVALIDITY leaves no room for others");
  }
  auto known = find(access, *canonical);
  if (!known) {
    auto made = create(access, *canonical, SpecialUse::None);
    if (!made) return made;
    known = *made;
  }
  if (known->uid_validity() == uid_validity) return known;
  const auto& state = known->state(access);
  if (state.next_uid != 1 || state.record.uid_mark != 1 || !state.tickets.empty()) {
    return fail(Error::Code::AlreadyExists, "the mailbox has had messages of its own");
  }
  if (auto done = access.db.set_uid_validity(known->id(), uid_validity); !done) {
    return fail(done.error());
  }
  MailboxRecord record = state.record;
  record.uid_validity = uid_validity;
  auto mailbox = std::make_shared<MaildirMailbox>(account_.context(), account_, std::move(record));
  known->set_gone(access);
  mailboxes_[*canonical] = mailbox;
  return mailbox;
}

Outcome MailboxTree::remove(Access& access, std::string_view name) {
  auto canonical = canonical_name(name);
  if (!canonical) return fail(canonical.error());
  if (*canonical == "INBOX") return fail(Error::Code::Denied, "INBOX cannot be removed");
  auto mailbox = find(access, *canonical);
  if (!mailbox) return fail(Error::Code::NotFound, "no such mailbox");
  account_.publisher().drain(access, *mailbox);
  if (find(access, *canonical) != mailbox) return fail(Error::Code::NotFound, "no such mailbox");
  const std::string folder = mailbox->state(access).record.folder;
  // The place it goes to is part of the note, so that finishing it twice never takes another
  // mailbox that got this directory later.
  const std::string place =
      kAside + ("/" + account_.context().names.next(account_.context().clock.now()));
  if (auto done = access.db.remove_mailbox(mailbox->id(), folder, place); !done) return done;
  mailboxes_.erase(*canonical);
  if (mailbox->load(access)) {
    const auto view = mailbox->view();
    account_.count_removed(access, view->size(), view->total_size());
  }
  account_.publisher().forget_unindexed(mailbox->id());
  mailbox->set_gone(access);
  if (auto done = access.index.remove_mailbox(mailbox->id()); !done) {
    log.warning("index keeps removed mailbox", {{"reason", done.error().text}});
  }
  // From here on it is gone whatever happens; what is left of it goes with the next recovery.
  auto done = finish_pending(access);
  if (!done) log.warning("mailbox removal unfinished", {{"reason", done.error().text}});
  return {};
}

bool MailboxTree::needs_sweep() const {
  bool found = false;
  (void)account_.context().disk.list(aside(), [&](const Disk::Entry&) { found = true; });
  return found;
}

Outcome MailboxTree::sweep() {
  Disk& disk = account_.context().disk;
  // The directory itself stays: somebody may be about to put another one there.
  std::vector<std::string> trees;
  auto done = disk.list(aside(), [&](const Disk::Entry& entry) { trees.push_back(entry.name); });
  for (const auto& tree : trees) {
    if (!done) break;
    done = disk.remove_tree(aside() + "/" + tree);
    if (!done && done.error().code == Error::Code::NotFound) done = {};
  }
  if (!done && done.error().code == Error::Code::NotFound) return {};
  return done;
}

Outcome MailboxTree::rename(Access& access, std::string_view from, std::string_view to) {
  auto old_name = canonical_name(from);
  if (!old_name) return fail(old_name.error());
  auto new_name = canonical_name(to);
  if (!new_name) return fail(new_name.error());
  if (*old_name == *new_name || is_below(*new_name, *old_name)) {
    return fail(Error::Code::Invalid, "a mailbox cannot move below itself");
  }
  std::vector<AccountDb::Renaming> renamings;
  std::vector<std::shared_ptr<MaildirMailbox>> renamed;
  for (const auto& [name, mailbox] : mailboxes_) {
    if (name != *old_name && !is_below(name, *old_name)) continue;
    const std::string target = *new_name + name.substr(old_name->size());
    if (mailboxes_.contains(target)) return fail(Error::Code::AlreadyExists, "mailbox exists");
    auto folder = folder_of(target);
    if (!folder) return fail(folder.error());
    renamings.push_back(
        {mailbox->id(), target, *folder, name, mailbox->state(access).record.folder});
    renamed.push_back(mailbox);
  }
  if (renamings.empty()) return fail(Error::Code::NotFound, "no such mailbox");
  if (mailboxes_.contains(*new_name)) return fail(Error::Code::AlreadyExists, "mailbox exists");
  for (const auto& mailbox : renamed) {
    if (!mailbox->state(access).tickets.empty()) {
      // The lock is open while we wait: look again afterwards.
      account_.publisher().drain(access, *mailbox);
      return rename(access, from, to);
    }
  }
  if (auto above = levels_above(*new_name); !above.empty() && !mailboxes_.contains(above.back())) {
    if (auto made = create(access, above.back(), SpecialUse::None); !made)
      return fail(made.error());
  }
  for (const auto& r : renamings) {
    if (r.folder == r.old_folder) continue;
    if (auto done = release_folder(access, r.folder); !done) return done;
  }
  if (auto done = access.db.rename_mailboxes(renamings); !done) return done;
  const Renamed result = rename_directories(renamings);
  if (!result.outcome) {
    if (result.is_undone() && access.db.undo_renaming(renamings)) return result.outcome;
    // What cannot be taken back stays noted: the names are the new ones, and the directories follow
    // when the account is opened next.
    account_.stop_writing(result.outcome.error());
  } else if (auto done = access.db.finished_renaming(); !done) {
    log.warning("rename is noted still", {{"reason", done.error().text}});
  }
  for (std::size_t i = 0; i < renamings.size(); ++i) {
    const auto& r = renamings[i];
    mailboxes_.erase(r.old_name);
    mailboxes_[r.name] = renamed[i];
    renamed[i]->set_name(access, r.name, result.moved[i] ? r.folder : r.old_folder);
    if (result.moved[i] && is_abbreviated(r.folder)) (void)mark(r.name, r.folder);
    // Clients that show only what is subscribed would lose sight of it.
    (void)access.db.unsubscribe(r.old_name);
    (void)access.db.subscribe(r.name);
  }
  return result.outcome;
}

bool MailboxTree::Renamed::is_undone() const {
  return std::find(moved.begin(), moved.end(), true) == moved.end();
}

MailboxTree::Renamed MailboxTree::rename_directories(
    const std::vector<AccountDb::Renaming>& renamings) {
  Disk& disk = account_.context().disk;
  Renamed result{{}, std::vector<bool>(renamings.size())};
  for (std::size_t i = 0; i < renamings.size() && result.outcome; ++i) {
    result.outcome =
        disk.rename(directory(renamings[i].old_folder), directory(renamings[i].folder));
    result.moved[i] = result.outcome.has_value();
  }
  if (result.outcome) result.outcome = disk.sync_directory(account_.maildir());
  if (result.outcome) return result;
  for (std::size_t i = renamings.size(); i-- > 0;) {
    if (!result.moved[i]) continue;
    auto back = disk.rename(directory(renamings[i].folder), directory(renamings[i].old_folder));
    result.moved[i] = !back.has_value();
  }
  return result;
}

std::shared_ptr<MaildirMailbox> MailboxTree::in_folder(const Access& access,
                                                       std::string_view folder) const {
  for (const auto& [name, mailbox] : mailboxes_) {
    if (mailbox->state(access).record.folder == folder) return mailbox;
  }
  return nullptr;
}

// What was noted about this directory is finished before it becomes another mailbox's.
Outcome MailboxTree::release_folder(Access& access, const std::string& folder) {
  if (in_folder(access, folder))
    return fail(Error::Code::AlreadyExists, "directory belongs to another mailbox");
  for (bool tried = false;; tried = true) {
    auto pending = access.db.pending();
    if (!pending) return fail(pending.error());
    const bool named = std::any_of(pending->begin(), pending->end(), [&](const auto& p) {
      return p.kind != AccountDb::Pending::Kind::Unlink && (p.from == folder || p.to == folder);
    });
    if (!named) return {};
    if (tried)
      return fail(Error::Code::Temporary, "an earlier change of this directory is unfinished");
    if (auto done = finish_pending(access); !done) return done;
  }
}

Outcome MailboxTree::finish_pending(Access& access) {
  auto pending = access.db.pending();
  if (!pending) return fail(pending.error());
  for (const auto& p : *pending) {
    if (auto done = finish(access, p); !done) {
      log.warning(
          "unfinished change of an account",
          {{"account", account_.address()}, {"what", p.from}, {"reason", done.error().text}});
    } else if (done = access.db.finished(p.id); !done) {
      return done;
    }
  }
  return {};
}

// An error: it stays noted.
Outcome MailboxTree::finish(Access& access, const AccountDb::Pending& pending) {
  switch (pending.kind) {
    case AccountDb::Pending::Kind::Remove: return finish_removal(access, pending);
    case AccountDb::Pending::Kind::Rename: return finish_renaming(access, pending);
    case AccountDb::Pending::Kind::Unlink: {
      auto done = account_.context().disk.remove(account_.path() + "/" + pending.from);
      if (!done && done.error().code == Error::Code::NotFound) return {};
      return done;
    }
  }
  return {};
}

Outcome MailboxTree::finish_removal(Access& access, const AccountDb::Pending& pending) {
  // A directory that another mailbox has by now is not the one that was removed.
  if (in_folder(access, pending.from)) return {};
  Disk& disk = account_.context().disk;
  if (auto done = disk.make_directory(aside()); !done) return done;
  const std::string place = account_.path() + "/" + pending.to;
  if (disk.stat(place)) return disk.sync_directory(account_.maildir());
  auto moved = disk.rename(directory(pending.from), place);
  if (!moved && moved.error().code == Error::Code::NotFound) return {};
  return moved ? disk.sync_directory(account_.maildir()) : moved;
}

Outcome MailboxTree::finish_renaming(Access& access, const AccountDb::Pending& pending) {
  Disk& disk = account_.context().disk;
  auto done = disk.rename(directory(pending.from), directory(pending.to));
  // Not there any more: this one was done before the crash.
  if (!done && done.error().code == Error::Code::NotFound) done = {};
  if (done) done = disk.sync_directory(account_.maildir());
  // In this run of the program it may have been left where it was.
  auto mailbox = in_folder(access, done ? pending.from : pending.to);
  if (!mailbox) return done;
  if (done) {
    mailbox->set_name(access, mailbox->name(), pending.to);
    if (is_abbreviated(pending.to)) (void)mark(mailbox->name(), pending.to);
    return done;
  }
  // A mailbox may live in a directory of another name; without its directory it cannot.
  log.warning("mailbox keeps its old directory", {{"account", account_.address()},
                                                  {"mailbox", mailbox->name()},
                                                  {"reason", done.error().text}});
  if (auto kept = access.db.keep_folder(mailbox->id(), pending.from); !kept) return kept;
  mailbox->set_name(access, mailbox->name(), pending.from);
  return {};
}

Outcome MailboxTree::recover(Access& access) {
  for (const auto& [name, mailbox] : mailboxes_) {
    auto done = make_directories(name, mailbox->state(access).record.folder);
    if (!done) return done;
  }
  return adopt_directories(access);
}

// A directory that changed in the second of a look may have changed after it, too. What cannot be
// looked at now is at the next time.
void MailboxTree::notice_directories(Access& access) {
  if (account_.is_read_only()) return;
  const auto now = account_.context().disk.stat(account_.maildir());
  if (!now) return;
  const bool is_as_before = now->modified == seen_.modified &&
                            now->modified_nanoseconds == seen_.nanoseconds &&
                            now->modified < seen_.at - 1;
  if (is_as_before) return;
  if (adopt_directories(access)) {
    seen_ = {now->modified, now->modified_nanoseconds,
             unix_seconds(account_.context().clock.now())};
  }
}

Outcome MailboxTree::adopt_directories(Access& access) {
  std::set<std::string> known;
  for (const auto& [name, mailbox] : mailboxes_) known.insert(mailbox->state(access).record.folder);
  auto pending = access.db.pending();
  if (!pending) return fail(pending.error());
  for (const auto& p : *pending) known.insert(p.from);
  std::vector<std::pair<std::string, std::string>> unknown;
  auto listed = account_.context().disk.list(account_.maildir(), [&](const Disk::Entry& entry) {
    if (!entry.is_directory || known.contains(entry.name) || refused_.contains(entry.name)) return;
    auto name = is_abbreviated(entry.name) ? marked_name(entry.name) : name_of_folder(entry.name);
    if (name && !mailboxes_.contains(*name)) unknown.emplace_back(*name, entry.name);
  });
  if (!listed) return listed;
  for (const auto& [name, folder] : unknown) {
    // Two spellings of one name: the second stays where it is.
    Outcome done = mailboxes_.contains(name)
                       ? fail(Error::Code::AlreadyExists, "another directory has this name")
                       : Outcome();
    if (done) {
      if (auto added = add(access, name, folder, SpecialUse::None)) {
        // Its messages come in when there is time.
        (*added)->state(access).strays = true;
        account_.request_work();
      } else {
        done = fail(added.error());
      }
    }
    if (done) {
      log.info("folder adopted", {{"account", account_.address()}, {"mailbox", name}});
    } else {
      refused_.insert(folder);
      log.warning(
          "folder not adopted",
          {{"account", account_.address()}, {"folder", folder}, {"reason", done.error().text}});
    }
  }
  return {};
}

Result<std::string> MailboxTree::special(const Access& access, SpecialUse use) {
  for (const auto& [name, mailbox] : mailboxes_) {
    if (mailbox->state(access).record.special_use == use) return name;
  }
  return fail(Error::Code::NotFound, "no mailbox has this use");
}

}  // namespace waxwing
