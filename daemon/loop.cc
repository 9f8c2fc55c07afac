#include "daemon/loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>

#include <cstdint>
#include <new>
#include <utility>

namespace waxwing {

namespace {

event_base* make_base() {
  // Other threads never touch the base: they post, and the eventfd wakes it. So it needs no locks.
  event_config* config = event_config_new();
  if (!config) throw std::bad_alloc();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  if (!base) throw std::bad_alloc();
  return base;
}

}  // namespace

void Loop::FreeBase::operator()(event_base* base) const {
  event_base_free(base);
}

Loop::Loop() : base_(make_base()), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  const auto woken = [](evutil_socket_t, short, void* loop) {
    static_cast<Loop*>(loop)->run_posted();
  };
  // Edge-triggered: each write is told once, so the counter need not be read.
  wake_event_ = event_new(base_.get(), wake_.get(), EV_READ | EV_PERSIST | EV_ET, woken, this);
  if (!wake_event_) throw std::bad_alloc();
  event_add(wake_event_, nullptr);
}

Loop::~Loop() {
  event_free(wake_event_);
}

void Loop::run() {
  event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY);
}

void Loop::stop() {
  post([this] { event_base_loopbreak(base_.get()); });
}

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return;  // the first one has woken the loop already
  }
  // The counter is never read, and overflows after 2^64 wake-ups.
  [[maybe_unused]] const int written = eventfd_write(wake_.get(), 1);
}

void Loop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

Event::Event(Loop& loop, Kind kind, int fd, std::function<void()> happened)
    : kind_(kind), happened_(std::move(happened)) {
  short what = 0;
  switch (kind) {
    case Kind::Readable: what = EV_READ | EV_PERSIST; break;
    case Kind::Writable: what = EV_WRITE; break;
    case Kind::Signal: what = EV_SIGNAL | EV_PERSIST; break;
    case Kind::Timer: break;
  }
  const auto happens = [](evutil_socket_t, short, void* argument) {
    auto* self = static_cast<Event*>(argument);
    if (self->kind_ == Kind::Writable || self->kind_ == Kind::Timer) self->added_ = false;
    self->happened_();  // may destroy what it belongs to: nothing may follow
  };
  event_ = event_new(loop.base(), fd, what, happens, this);
  if (!event_) throw std::bad_alloc();
}

Event::~Event() {
  event_free(event_);
}

void Event::add() {
  if (added_) return;
  event_add(event_, nullptr);
  added_ = true;
}

void Event::add(std::chrono::milliseconds timeout) {
  const auto milliseconds = timeout.count() < 0 ? 0 : timeout.count();
  const timeval value{static_cast<time_t>(milliseconds / 1000),
                      static_cast<suseconds_t>(milliseconds % 1000 * 1000)};
  event_add(event_, &value);
  added_ = true;
}

void Event::remove() {
  if (!added_) return;
  event_del(event_);
  added_ = false;
}

}  // namespace waxwing
