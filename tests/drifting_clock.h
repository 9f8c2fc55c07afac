#pragma once

#include "base/clock.h"

namespace waxwing {

// Stands still, but for `drift`: as if a look at it took that long. Held by one thread at a time.
class DriftingClock final : public Clock {
 public:
  Time now() const override { return clock_.now(); }
  Steady steady() const override {
    if (drift.count() > 0) clock_.advance(drift);
    return clock_.steady();
  }
  void advance(std::chrono::milliseconds step) { clock_.advance(step); }
  std::chrono::milliseconds drift{0};

 private:
  mutable FakeClock clock_;
};

}  // namespace waxwing
