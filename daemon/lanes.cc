#include "daemon/lanes.h"

#include <pthread.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace waxwing {

Lanes::Lanes(Sizes sizes) : queue_(sizes.queue) {
  const std::array<std::pair<const char*, int>, 4> plan = {{{"storage", sizes.storage},
                                                            {"search", sizes.search},
                                                            {"password", sizes.password},
                                                            {"network", sizes.network}}};
  for (std::size_t i = 0; i < plan.size(); ++i) {
    pools_[i].name = plan[i].first;
    pools_[i].size = static_cast<std::size_t>(plan[i].second);
    // One at least: without any thread the work of a lane would wait for ever.
    const std::lock_guard lock(pools_[i].mutex);
    begin(pools_[i]);
  }
}

Lanes::~Lanes() {
  stop(std::chrono::milliseconds(0));
  for (Pool& pool : pools_)
    for (Worker& worker : pool.workers) worker.thread.join();
}

std::optional<Lanes::Ticket> Lanes::submit(Lane lane, std::function<void()> job) {
  Pool& to = pool(lane);
  Ticket ticket = 0;
  Worker* called = nullptr;
  {
    const std::lock_guard lock(to.mutex);
    if (to.stopping) return std::nullopt;
    if (!to.idle.empty()) {
      called = to.idle.back();
      to.idle.pop_back();
      called->job = std::move(job);
    } else if (to.waiting.size() >= queue_) {
      return std::nullopt;
    }
    ticket = ++to.last;
    if (!called) {
      to.waiting.emplace_hint(to.waiting.end(), ticket, std::move(job));
      if (to.waiting.size() > to.starting && to.workers.size() < to.size) begin(to);
    }
  }
  if (called) sem_post(&called->called);
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
    for (Worker* worker : pool.idle) sem_post(&worker->called);
    pool.idle.clear();
  }
  bool all = true;
  for (Pool& pool : pools_) {
    std::unique_lock lock(pool.mutex);
    all = pool.ended.wait_until(lock, deadline, [&] { return pool.alive == 0; }) && all;
  }
  return all;
}

// Another thread for `pool`, whose mutex the caller holds. Where the system gives none, those that
// are there do the work.
void Lanes::begin(Pool& pool) {
  Worker& worker = pool.workers.emplace_back();
  try {
    worker.thread = std::thread([&pool, &worker] { work(pool, worker); });
  } catch (const std::system_error&) {
    pool.workers.pop_back();
    if (pool.workers.empty()) throw;
    return;
  }
  ++pool.alive;
  ++pool.starting;
  pthread_setname_np(worker.thread.native_handle(), pool.name);
}

void Lanes::work(Pool& pool, Worker& worker) {
  std::unique_lock lock(pool.mutex);
  --pool.starting;
  for (;;) {
    std::function<void()> job;
    if (!pool.waiting.empty()) {
      job = std::move(pool.waiting.extract(pool.waiting.begin()).mapped());
      lock.unlock();
    } else if (pool.stopping) {
      break;
    } else {
      pool.idle.push_back(&worker);
      lock.unlock();
      while (sem_wait(&worker.called) != 0 && errno == EINTR) {
      }
      job = std::exchange(worker.job, nullptr);
    }
    if (job) job();
    job = nullptr;
    lock.lock();
  }
  --pool.alive;
  pool.ended.notify_all();
}

}  // namespace waxwing
