#pragma once

#include <chrono>
#include <cstdint>

namespace waxwing {

// Wall-clock time, as in Date: and INTERNALDATE.
using Time = std::chrono::system_clock::time_point;
// Time that never jumps, for timeouts and throttles.
using Steady = std::chrono::steady_clock::time_point;

// Where the program learns the time. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual Steady steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::system_clock::now(); }
  Steady steady() const override { return std::chrono::steady_clock::now(); }
};

// A clock that stands still until it is told to move: for tests. Held by one thread at a time.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t unix_seconds = 1'790'000'000)
      : now_(Time(std::chrono::seconds(unix_seconds))), steady_(std::chrono::hours(1)) {}
  Time now() const override { return now_; }
  Steady steady() const override { return steady_; }
  void advance(std::chrono::milliseconds step) {
    now_ += step;
    steady_ += step;
  }

 private:
  Time now_;
  Steady steady_;
};

inline std::int64_t unix_seconds(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}
inline Time from_unix_seconds(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }

}  // namespace waxwing
