#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fd.h"

struct event;
struct event_base;

namespace waxwing {

// One event loop; whoever calls run() is its thread until stop(). Everything that belongs to a loop
// (its events, its connections) is touched by that thread only; others reach it with post().
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();
  // Any thread. run() returns when the task at hand is done.
  void stop();
  // Any thread. The task runs on the loop's thread, in order of posting. Tasks that are left when
  // the loop is destroyed never run.
  void post(std::function<void()> task);

  event_base* base() const { return base_.get(); }

 private:
  void run_posted();

  struct FreeBase {
    void operator()(event_base* base) const;
  };
  std::unique_ptr<event_base, FreeBase> base_;
  Fd wake_;
  event* wake_event_ = nullptr;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

// Something a loop waits for: a descriptor, a signal or a moment. Loop thread only.
class Event {
 public:
  enum class Kind { Readable, Writable, Signal, Timer };

  // Readable and Signal go on until remove(); Writable and Timer happen once per add().
  Event(Loop& loop, Kind kind, int fd, std::function<void()> happened);
  Event(Loop& loop, std::function<void()> time_is_up) : Event(loop, Kind::Timer, -1, time_is_up) {}
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void add();
  void add(std::chrono::milliseconds timeout);  // for a Timer: replaces the moment set before
  void remove();
  bool is_added() const { return added_; }

 private:
  event* event_;
  Kind kind_;
  bool added_ = false;
  std::function<void()> happened_;
};

}  // namespace waxwing
