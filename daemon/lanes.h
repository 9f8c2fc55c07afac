#pragma once

#include <semaphore.h>

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "protocols/session.h"

namespace waxwing {

// The pools of threads where blocking work runs, one for each Lane, so that a slow kind of work
// never delays another kind. First come, first served. A thread is made when there is work and no
// other is free, and stays. Any thread.
class Lanes {
 public:
  struct Sizes {  // at most so many threads
    int storage = 32;  // mostly waiting for fsync, which many threads share
    int search = 2;
    int password = 2;  // argon2 fills a processor and 64 MiB
    int network = 8;
    std::size_t queue = 20000;  // jobs that may wait in one lane
  };
  explicit Lanes(Sizes sizes);
  // As stop(), without a limit of time.
  ~Lanes();

  using Ticket = std::uint64_t;
  // Nothing when the queue is full or the lanes have stopped.
  std::optional<Ticket> submit(Lane lane, std::function<void()> job);
  // True when the job had not started: then it never will.
  bool cancel(Lane lane, Ticket ticket);

  // Jobs that have started end; the others are dropped. False when some still run after `patience`.
  bool stop(std::chrono::milliseconds patience);

 private:
  // A thread that waits to be called. A condition variable of the pool would wake the one that has
  // slept longest, whose stack no cache holds any more, and costs it a second lock.
  struct Worker {
    Worker() { sem_init(&called, 0, 0); }
    ~Worker() { sem_destroy(&called); }
    sem_t called;
    std::function<void()> job;  // set before it is called; none: the lanes stop
    std::thread thread;
  };
  struct Pool {
    const char* name = "";
    std::size_t size = 0;
    std::mutex mutex;
    std::condition_variable ended;
    std::map<Ticket, std::function<void()>> waiting;
    std::vector<Worker*> idle;  // the next to be called last
    Ticket last = 0;
    std::size_t starting = 0;  // threads that will look at what waits, but have not yet
    int alive = 0;
    bool stopping = false;
    std::deque<Worker> workers;
  };
  static void begin(Pool& pool);
  static void work(Pool& pool, Worker& worker);
  Pool& pool(Lane lane) { return pools_[static_cast<std::size_t>(lane)]; }

  const std::size_t queue_;
  std::array<Pool, 4> pools_;
};

}  // namespace waxwing
