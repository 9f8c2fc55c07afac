#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/loop.h"
#include "storage/types.h"

namespace waxwing {

// The watcher of one session: gathers what moved until its loop asks, and wakes the loop once for
// any number of changes. Any thread.
class Wakeups final : public Watcher {
 public:
  // `wake` runs on the loop's thread.
  Wakeups(Loop& loop, std::function<void()> wake) : loop_(&loop), wake_(std::move(wake)) {}

  void moved(MailboxId mailbox, ModSeq modseq) override;
  // A mailbox that moved since it was last asked for.
  std::optional<MailboxId> next();
  // The connection goes: never wakes again. Called on the loop's thread.
  void detach();

 private:
  std::mutex mutex_;
  Loop* loop_;
  std::function<void()> wake_;
  bool woken_ = false;
  std::vector<MailboxId> moved_;
};

}  // namespace waxwing
