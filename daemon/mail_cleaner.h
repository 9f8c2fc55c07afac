#pragma once

#include <atomic>
#include <cstddef>

#include "auth/directory.h"
#include "base/clock.h"
#include "storage/store.h"

namespace waxwing {

// Removes what has been in Trash and Junk, and in mailboxes below them, for as long as its account
// wants (`account clean`). An age counts from when the message came into that mailbox. Any thread,
// one at a time; blocks.
class MailCleaner {
 public:
  // They outlive it.
  MailCleaner(Directory& directory, Store& store, const Clock& clock)
      : directory_(directory), store_(store), clock_(clock) {}

  // All accounts; what goes wrong with one is logged. How many messages went.
  std::size_t run();
  // One account.
  Result<std::size_t> clean(const AccountRecord& record);
  // run() ends soon, with what is left for the next time.
  void stop() { is_stopping_ = true; }

 private:
  Result<std::size_t> clean(Account& account, SpecialUse use, std::uint32_t days);
  Result<std::size_t> remove_old(Mailbox& mailbox, std::uint32_t days);

  Directory& directory_;
  Store& store_;
  const Clock& clock_;
  std::atomic<bool> is_stopping_ = false;
};

}  // namespace waxwing
