#include "daemon/lanes.h"

#include <pthread.h>

#include <utility>

namespace waxwing {

Lanes::Lanes(Sizes sizes) : queue_(sizes.queue) {
  const std::array<std::pair<const char*, int>, 4> plan = {{{"storage", sizes.storage},
                                                            {"search", sizes.search},
                                                            {"password", sizes.password},
                                                            {"network", sizes.network}}};
  for (std::size_t i = 0; i < plan.size(); ++i) {
    Pool& pool = pools_[i];
    pool.alive = plan[i].second;
    for (int n = 0; n < plan[i].second; ++n) {
      pool.threads.emplace_back([this, &pool] { work(pool); });
      pthread_setname_np(pool.threads.back().native_handle(), plan[i].first);
    }
  }
}

Lanes::~Lanes() {
  stop(std::chrono::milliseconds(0));
  for (Pool& pool : pools_)
    for (std::thread& thread : pool.threads) thread.join();
}

std::optional<Lanes::Ticket> Lanes::submit(Lane lane, std::function<void()> job) {
  Pool& to = pool(lane);
  Ticket ticket = 0;
  {
    const std::lock_guard lock(to.mutex);
    if (to.stopping || to.waiting.size() >= queue_) return std::nullopt;
    ticket = ++to.last;
    to.waiting.emplace_hint(to.waiting.end(), ticket, std::move(job));
  }
  to.changed.notify_one();
  return ticket;
}

bool Lanes::cancel(Lane lane, Ticket ticket) {
  Pool& from = pool(lane);
  const std::lock_guard lock(from.mutex);
  return from.waiting.erase(ticket) > 0;
}

bool Lanes::stop(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (Pool& pool : pools_) {
    const std::lock_guard lock(pool.mutex);
    pool.stopping = true;
    pool.waiting.clear();
    pool.changed.notify_all();
  }
  bool all = true;
  for (Pool& pool : pools_) {
    std::unique_lock lock(pool.mutex);
    all = pool.changed.wait_until(lock, deadline, [&] { return pool.alive == 0; }) && all;
  }
  return all;
}

void Lanes::work(Pool& pool) {
  std::unique_lock lock(pool.mutex);
  for (;;) {
    pool.changed.wait(lock, [&] { return pool.stopping || !pool.waiting.empty(); });
    if (pool.waiting.empty()) break;
    auto job = std::move(pool.waiting.extract(pool.waiting.begin()).mapped());
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
  --pool.alive;
  pool.changed.notify_all();
}

}  // namespace waxwing
