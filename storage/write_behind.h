#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace waxwing {

// A thread that writes what others have gathered, so that nobody waits for a database: soon after
// poke(), many pokes in one call, and once more at the end. The last member of its owner, for the
// thread uses the others.
class WriteBehind {
 public:
  // `write` runs on the thread, a moment of `gather` after the first poke. It takes all there is.
  WriteBehind(std::chrono::milliseconds gather, std::function<void()> write);
  // What was poked for is written.
  ~WriteBehind();

  // There is something to write. Any thread; never blocks for long.
  void poke();

 private:
  void run();

  const std::chrono::milliseconds gather_;
  const std::function<void()> write_;
  std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  bool has_work_ = false, is_stopping_ = false;
  std::thread thread_;
};

}  // namespace waxwing
