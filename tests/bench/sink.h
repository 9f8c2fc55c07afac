#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <thread>

#include "base/fd.h"

namespace waxwing::bench {

// A mail server that takes everything and keeps nothing, at a port of loopback; it offers what
// servers of large providers do. A thread for each connection. Any thread.
class Sink {
 public:
  explicit Sink(int port);
  ~Sink();

  std::uint64_t taken() const { return taken_; }

 private:
  void accept_all();
  void serve(int socket);

  Fd listener_;
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<bool> is_stopping_{false};
  std::atomic<int> open_{0};
  std::thread thread_;
};

}  // namespace waxwing::bench
