#include "storage/write_behind.h"

#include <utility>

namespace waxwing {

WriteBehind::WriteBehind(std::chrono::milliseconds gather, std::function<void()> write)
    : gather_(gather), write_(std::move(write)), thread_([this] { run(); }) {}

WriteBehind::~WriteBehind() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void WriteBehind::poke() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(has_work_, true)) wake_.notify_one();
}

void WriteBehind::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return is_stopping_ || has_work_; });
    if (!has_work_) return;
    wake_.wait_for(lock, gather_, [this] { return is_stopping_; });
    has_work_ = false;
    lock.unlock();
    write_();
    lock.lock();
  }
}

}  // namespace waxwing
