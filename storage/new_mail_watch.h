#pragma once

#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/fd.h"

namespace waxwing {

class MaildirMailbox;

// Notices mail that other programs put into new/ of mailboxes that somebody watches, by inotify(7),
// and has it adopted at once. Where the kernel gives no more watches, the next SELECT notices it.
// Any thread.
class NewMailWatch {
 public:
  NewMailWatch();
  ~NewMailWatch();

  // Returns at once; a mailbox that is watched already stays so.
  void add(MaildirMailbox& mailbox);
  void stop();

 private:
  struct Place;

  void run();
  void take_requests();
  void read_events();
  void wake();

  Fd inotify_, wake_;
  std::mutex mutex_;  // guards the requests and stopping_
  std::vector<std::shared_ptr<Place>> requests_;
  bool stopping_ = false;
  std::unordered_map<int, std::shared_ptr<Place>> places_;  // by watch descriptor; the thread's own
  std::thread thread_;
};

}  // namespace waxwing
