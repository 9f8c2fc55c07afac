#pragma once

#include <chrono>

#include "base/clock.h"

namespace waxwing::imap {

// The time that one session may keep a worker while others wait.
class Slice {
 public:
  static constexpr std::chrono::milliseconds kLength{10};
  // The clock is asked only once in so many calls.
  static constexpr unsigned kStride = 64;

  explicit Slice(const Clock& clock) : clock_(clock), end_(clock.steady() + kLength) {}
  bool is_over() { return ++calls_ % kStride == 0 && clock_.steady() >= end_; }
  bool is_over_now() const { return clock_.steady() >= end_; }

 private:
  const Clock& clock_;
  Steady end_;
  unsigned calls_ = 0;
};

}  // namespace waxwing::imap
