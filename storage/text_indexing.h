#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "storage/pace.h"

namespace waxwing {

class MaildirAccount;

// The thread that brings text indexes up to date. It takes half of one processor where there is
// nothing else to do, and a tenth where others want it. Any thread.
class TextIndexing {
 public:
  TextIndexing();
  ~TextIndexing();

  // There may be work for this account.
  void request(std::weak_ptr<MaildirAccount> account);
  // Ends the thread; what it has not done is done after the next start.
  void stop();

 private:
  class Polite;
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::unordered_map<MaildirAccount*, std::weak_ptr<MaildirAccount>> waiting_;
  std::thread thread_;
};

}  // namespace waxwing
