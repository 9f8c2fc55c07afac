#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace waxwing {

class MaildirAccount;

// The store's own thread, for work that nobody waits for: flags into file names, parsed fields that
// are missing. Any thread.
class Background {
 public:
  Background();
  ~Background();

  // There is work for this account; it starts in a few seconds, so that changes gather.
  void request(std::weak_ptr<MaildirAccount> account);
  // Ends the thread; requests that were not served stay undone.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::unordered_map<MaildirAccount*, std::weak_ptr<MaildirAccount>> waiting_;
  std::thread thread_;
};

}  // namespace waxwing
