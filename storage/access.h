#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "storage/account_db.h"
#include "storage/index_db.h"

namespace waxwing {

class MaildirMailbox;

// The lock of one account, held, with its databases open. Whoever is handed an Access may touch
// what that lock guards. Watchers are told when it is released, never under the lock.
class Access {
 public:
  Access(std::unique_lock<std::mutex> lock, AccountDb& db, IndexDb& index)
      : lock(std::move(lock)), db(db), index(index) {}
  Access(Access&&) = default;
  ~Access() { release(); }

  // The mailbox has moved on to this change.
  void notice(std::shared_ptr<MaildirMailbox> mailbox, ModSeq modseq) {
    notices_.emplace_back(std::move(mailbox), modseq);
  }
  bool has_notices() const { return !notices_.empty(); }
  void release();

  std::unique_lock<std::mutex> lock;
  AccountDb& db;
  IndexDb& index;

 private:
  std::vector<std::pair<std::shared_ptr<MaildirMailbox>, ModSeq>> notices_;
};

}  // namespace waxwing
