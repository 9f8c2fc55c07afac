// What an account does that nobody waits for: rows into the index, flags into names, files of
// messages that are gone, an index that is damaged.
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {
namespace {
// Of messages that are gone: more files than that are not waited for.
constexpr std::size_t kRemovedAtOnce = 64;
// Of each kind of lazy work in one go, between other users of the account.
constexpr std::size_t kShare = 64;
}  // namespace

void MaildirAccount::distrust_index() {
  index_distrusted_ = true;
  request_work();
}

Outcome MaildirAccount::heal_index() {
  {
    auto access = enter();
    if (!access) return fail(access.error());
    if (access->index.is_sound()) {
      index_distrusted_ = false;
      return {};
    }
  }
  log.error("damaged index is made again", {{"account", address_}});
  if (auto done = drop_index(); !done) return done;
  index_distrusted_ = false;
  auto access = enter();
  return access ? Outcome() : fail(access.error());
}

Result<std::vector<std::shared_ptr<MaildirMailbox>>> MaildirAccount::all_mailboxes() {
  auto access = enter();
  if (!access) return fail(access.error());
  std::vector<std::shared_ptr<MaildirMailbox>> result;
  for (const auto& [name, mailbox] : tree_.all(*access)) result.push_back(mailbox->shared());
  return result;
}

// Errors are left for the next occasion, or a full disk would keep us busy.
bool MaildirAccount::work() {
  if (auto access = enter()) (void)publisher_.catch_up(*access);
  remove_waiting();
  if (read_only_) return true;
  sweep();
  // Busy: again in a moment.
  if (index_distrusted_ && !heal_index()) return false;
  auto mailboxes = all_mailboxes();
  if (!mailboxes) return true;
  bool finished = true;
  for (const auto& mailbox : *mailboxes) {
    (void)mailbox->take_strays();
    finished = mailbox->settle(kShare).value_or(true) && finished;
    finished = mailbox->parse_missing(kShare).value_or(true) && finished;
  }
  if (texts_->is_wanted()) context_->text_indexing.request(weak_from_this());
  return finished;
}

Outcome MaildirAccount::settle() {
  if (read_only_) return fail(Error::Code::ReadOnly, "account is read-only after a failed sync");
  auto mailboxes = all_mailboxes();
  if (!mailboxes) return fail(mailboxes.error());
  for (const auto& mailbox : *mailboxes) {
    for (;;) {
      auto finished = mailbox->settle(kShare);
      if (!finished) return fail(finished.error());
      if (*finished) break;
    }
  }
  return {};
}

void MaildirAccount::sweep() {
  if (auto done = tree_.sweep(); !done) {
    log.warning("removed mailbox is still on the disk",
                {{"account", address_}, {"reason", done.error().text}});
  }
}

void MaildirAccount::remove_file(Access& access, MaildirMailbox& mailbox, Uid uid,
                                 const std::string& path) {
  auto removed = context_->disk.remove(path);
  if (removed || removed.error().code == Error::Code::NotFound) return;
  auto noted = access.db.note_leftover(path.substr(path_.size() + 1));
  auto logged = publisher_.reserve_modseqs(access, 1);
  if (logged) logged = access.index.expunge(mailbox.id(), uid, publisher_.take_modseq());
  log.error("file of a message that is gone stays", {{"account", address_},
                                                     {"mailbox", mailbox.name()},
                                                     {"uid", uid},
                                                     {"noted", noted && logged},
                                                     {"reason", removed.error().text}});
}

void MaildirAccount::remove_files(const Removal&, MaildirMailbox& mailbox,
                                  std::span<const std::pair<Uid, std::string>> files) {
  if (files.size() > kRemovedAtOnce) {
    if (auto access = enter()) {
      for (const auto& [uid, path] : files) {
        expunged_files_.push_back(
            {mailbox.shared_from_this(), uid, path.substr(path.rfind('/') + 1)});
      }
      request_work();
      return;
    }
  }
  for (const auto& [uid, path] : files) {
    auto removed = context_->disk.remove(path);
    if (removed || removed.error().code == Error::Code::NotFound) continue;
    if (auto access = enter()) remove_file(*access, mailbox, uid, path);
  }
}

void MaildirAccount::remove_waiting() {
  for (;;) {
    const Removal removal(*this);
    std::vector<ExpungedFile> some;
    std::vector<std::string> paths;
    {
      auto access = enter();
      if (!access) return;
      const std::size_t count = std::min(kRemovedAtOnce, expunged_files_.size());
      const auto last = expunged_files_.begin() + static_cast<std::ptrdiff_t>(count);
      some.assign(std::make_move_iterator(expunged_files_.begin()), std::make_move_iterator(last));
      expunged_files_.erase(expunged_files_.begin(), last);
      for (const auto& each : some) paths.push_back(each.path(*access));
    }
    if (some.empty()) return;
    for (std::size_t i = 0; i < some.size(); ++i) {
      auto removed = context_->disk.remove(paths[i]);
      if (removed || removed.error().code == Error::Code::NotFound) continue;
      if (auto access = enter()) remove_file(*access, *some[i].mailbox, some[i].uid, paths[i]);
    }
  }
}

void MaildirAccount::remove_waiting(Access& access) {
  for (const auto& each : std::exchange(expunged_files_, {})) {
    remove_file(access, *each.mailbox, each.uid, each.path(access));
  }
}

std::string MaildirAccount::ExpungedFile::path(const Access& access) const {
  return mailbox->folder(access) + "/cur/" + file;
}

}  // namespace waxwing
