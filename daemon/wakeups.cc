#include "daemon/wakeups.h"

#include <algorithm>
#include <utility>

namespace waxwing {

void Wakeups::moved(MailboxId mailbox, ModSeq) {
  const std::lock_guard lock(mutex_);
  if (!loop_) return;
  if (std::find(moved_.begin(), moved_.end(), mailbox) == moved_.end()) moved_.push_back(mailbox);
  if (std::exchange(woken_, true)) return;
  // Posting under the lock keeps the loop alive until then: detach() waits. The watcher itself may
  // be gone when the task runs, so the task holds a copy of what it calls.
  loop_->post(wake_);
}

std::optional<MailboxId> Wakeups::next() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  if (moved_.empty()) return std::nullopt;
  const MailboxId mailbox = moved_.back();
  moved_.pop_back();
  return mailbox;
}

void Wakeups::detach() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
  moved_.clear();
}

}  // namespace waxwing
