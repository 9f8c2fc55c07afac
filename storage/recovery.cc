#include "storage/recovery.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "storage/maildir_account.h"
#include "storage/reconciliation.h"

namespace waxwing {
Outcome Recovery::run() {
  if (auto done = account_.tree().recover(access_); !done) return done;
  // What a lost commit did to the log nobody knows: it starts anew, at a number that no change has,
  // or who knows that number would never hear of the change.
  auto& publisher = account_.publisher();
  if (auto done = publisher.reserve_modseqs(access_, 1); !done) return done;
  if (auto done = access_.index.set_log_start(publisher.take_modseq()); !done) return done;
  for (const auto& [name, mailbox] : account_.tree().all(access_)) {
    if (auto done = compare(*mailbox); !done) return done;
  }
  if (auto done = finish_moves(); !done) return done;
  if (auto done = add_found(); !done) return done;
  for (const auto& [name, mailbox] : account_.tree().all(access_)) {
    if (auto done = respect_annotations(*mailbox); !done) return done;
    auto& state = mailbox->state(access_);
    state.unsettled = state.unparsed = true;
    state.cur = state.fresh = {};
    if (auto done = mailbox->reload(access_); !done) return done;
  }
  if (!found_.empty()) {
    log.info("messages recovered", {{"account", account_.address()}, {"count", found_.size()}});
  }
  return {};
}

Outcome Recovery::compare(MaildirMailbox& mailbox) {
  Disk& disk = account_.context().disk;
  auto files = Reconciliation::list(disk, mailbox.folder(access_) + "/cur");
  if (!files) return fail(files.error());
  Reconciliation reconciliation(account_, access_, mailbox);
  return reconciliation.compare_files(
      *files, [&](const Reconciliation::Unknown& unknown) -> Outcome {
        if (!unknown.name || !reconciliation.is_ours(*unknown.name)) {
          mailbox.state(access_).strays = true;
          return {};
        }
        return consider(mailbox, unknown.file, *unknown.name);
      });
}

// A UID that was never given out by us, or that is another message's, makes it a foreign file.
Outcome Recovery::consider(MaildirMailbox& mailbox, const std::string& file, const FileName& name) {
  auto& state = mailbox.state(access_);
  const bool doubled = found_keys_.contains(message_key(mailbox.id(), name.uid));
  auto how = access_.index.was_expunged(mailbox.id(), name.uid);
  if (!how) return fail(how.error());
  if (doubled || name.uid >= state.record.uid_mark || *how == IndexDb::Expunged::Vanished ||
      access_.index.entry(mailbox.id(), name.uid)) {
    state.strays = true;
    return {};
  }
  if (*how == IndexDb::Expunged::Removed) return remove(mailbox, file);
  const std::string path = mailbox.folder(access_) + "/cur/" + file;
  auto stat = account_.context().disk.stat(path);
  if (!stat) return fail(stat.error());
  auto whole = is_whole(path, name, *stat);
  if (!whole) return fail(whole.error());
  if (!*whole) return set_aside(mailbox, file);
  found_.push_back({&mailbox, file, name, *stat});
  found_keys_.insert(message_key(mailbox.id(), name.uid));
  return {};
}

// A power cut before the fsync of a delivery, which nobody was told of, may leave the name without
// the bytes. What is shorter than its name says shows that; but ext4 writes the size down first.
Result<bool> Recovery::is_whole(const std::string& path, const FileName& name,
                                const Disk::Stat& stat) {
  if (!name.size) return true;
  if (*name.size != stat.size) return false;
  auto opened = account_.context().disk.open(path, Disk::Mode::Read);
  if (!opened) return fail(opened.error());
  const auto hollow = account_.context().disk.has_hole(*opened);
  if (!hollow) return fail(hollow.error());
  return !*hollow;
}

// The source of an unfinished move is a row still; after the loss of the index as well it is just
// another file that was found, and then either may win: both are the same message.
Outcome Recovery::finish_moves() {
  if (found_.empty()) return {};
  std::unordered_map<std::string, Found*> by_unique;
  std::vector<Found> kept;
  kept.reserve(found_.size());
  for (auto& found : found_) {
    auto [twin, is_first] = by_unique.try_emplace(found.name.unique, nullptr);
    if (!is_first && twin->second->mailbox != found.mailbox &&
        twin->second->stat.inode == found.stat.inode) {
      if (auto done = remove(*found.mailbox, found.file); !done) return done;
      continue;
    }
    kept.push_back(std::move(found));
    if (is_first) twin->second = &kept.back();
  }
  found_ = std::move(kept);
  by_unique.clear();
  for (auto& found : found_) by_unique[found.name.unique] = &found;

  for (const auto& [name, mailbox] : account_.tree().all(access_)) {
    auto entries = access_.index.entries(mailbox->id());
    if (!entries) return fail(entries.error());
    std::vector<Uid> moved;
    std::vector<std::string> files;
    for (const auto& entry : *entries) {
      auto target = by_unique.find(entry.base.substr(0, entry.base.find(',')));
      if (target == by_unique.end() || target->second->mailbox == mailbox.get()) continue;
      if (!is_same_message(*target->second, mailbox->file(access_, entry))) continue;
      moved.push_back(entry.row.uid);
      files.push_back(entry.file_name());
    }
    if (moved.empty()) continue;
    if (auto done = mailbox->remove_rows(access_, moved, IndexDb::Expunged::Removed); !done)
      return done;
    for (const auto& file : files) {
      if (auto done = remove(*mailbox, file); !done) return done;
    }
  }
  return {};
}

// The name alone does not make it so: other programs copy files with their names. A MOVE links the
// file, or copies it where it cannot.
bool Recovery::is_same_message(const Found& found, const std::string& path) {
  Disk& disk = account_.context().disk;
  auto stat = disk.stat(path);
  if (!stat || stat->size != found.stat.size) return false;
  if (stat->inode == found.stat.inode) return true;
  auto one = disk.open(path, Disk::Mode::Read);
  auto other = disk.open(found.mailbox->folder(access_) + "/cur/" + found.file, Disk::Mode::Read);
  if (!one || !other) return false;
  for (std::uint64_t offset = 0; offset < stat->size; offset += Disk::kPiece) {
    auto here = disk.read(*one, offset, Disk::kPiece),
         there = disk.read(*other, offset, Disk::kPiece);
    if (!here || !there || *here != *there) return false;
  }
  return true;
}

Outcome Recovery::add_found() {
  if (found_.empty()) return {};
  auto& publisher = account_.publisher();
  if (auto done = publisher.reserve_modseqs(access_, found_.size()); !done) return done;
  std::map<MailboxId, std::map<Uid, std::uint64_t>> more;
  for (const auto& [name, mailbox] : account_.tree().all(access_)) {
    auto bits = access_.db.more_keywords(mailbox->id());
    if (!bits) return fail(bits.error());
    more[mailbox->id()] = std::move(*bits);
  }
  auto transaction = access_.index.begin();
  for (const auto& found : found_) {
    const Keywords& known = found.mailbox->state(access_).record.keywords;
    IndexEntry entry;
    entry.base = found.file.substr(0, found.file.find(':'));
    entry.row.uid = found.name.uid;
    entry.row.size = static_cast<std::uint32_t>(found.stat.size);
    entry.row.internal_date = found.stat.modified;
    // The name may be older than the message's stay here: MOVE keeps it. Rather too late than too
    // early, for what has been in Trash for long is removed.
    entry.row.save_date =
        std::max(found.name.seconds().value_or(found.stat.modified), found.stat.changed);
    entry.row.modseq = publisher.take_modseq();
    entry.row.flags = meaningful(found.name.flags, known);
    auto& bits = more[found.mailbox->id()];
    if (auto extra = bits.find(found.name.uid); extra != bits.end())
      entry.row.flags.bits |= extra->second;
    entry.settled = entry.row.flags;
    if (entry.file_name() != found.file) {
      // Letters that another program wrote in another order.
      const std::string cur = found.mailbox->folder(access_) + "/cur/";
      auto done = account_.context().disk.rename(cur + found.file, cur + entry.file_name());
      if (!done) return done;
    }
    if (auto done = access_.index.add(found.mailbox->id(), entry); !done) return done;
  }
  return transaction.commit();
}

// A power cut may take the newest mod-sequences from the index, while annotations are durable; and
// what belongs to messages that are not there, or never came to be, goes.
Outcome Recovery::respect_annotations(MaildirMailbox& mailbox) {
  auto annotated = access_.db.annotated_messages(mailbox.id());
  if (!annotated) return fail(annotated.error());
  if (annotated->empty()) return {};
  auto loaded = access_.index.load(mailbox.id());
  if (!loaded) return fail(loaded.error());
  std::vector<Uid> gone;
  auto transaction = access_.index.begin();
  for (const auto& [uid, modseq] : *annotated) {
    const auto row = std::ranges::lower_bound(loaded->rows, uid, {}, &MessageRow::uid);
    if (row == loaded->rows.end() || row->uid != uid) {
      gone.push_back(uid);
    } else if (row->modseq < modseq) {
      auto done = access_.index.set_flags(mailbox.id(), uid, uid, row->flags, modseq);
      if (!done) return done;
    }
  }
  if (auto done = transaction.commit(); !done) return done;
  return gone.empty() ? Outcome() : access_.db.forget(mailbox.id(), gone);
}

Outcome Recovery::set_aside(MaildirMailbox& mailbox, const std::string& file) {
  Disk& disk = account_.context().disk;
  const std::string aside = account_.path() + "/lost+found";
  if (auto done = disk.make_directory(aside); !done) return done;
  log.warning("incomplete file set aside",
              {{"account", account_.address()}, {"mailbox", mailbox.name()}, {"file", file}});
  return disk.rename(mailbox.folder(access_) + "/cur/" + file, aside + "/" + file);
}

Outcome Recovery::remove(MaildirMailbox& mailbox, const std::string& file) {
  auto done = account_.context().disk.remove(mailbox.folder(access_) + "/cur/" + file);
  if (!done && done.error().code == Error::Code::NotFound) return {};
  return done;
}

}  // namespace waxwing
