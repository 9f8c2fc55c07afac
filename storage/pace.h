#pragma once

#include <chrono>

namespace waxwing {

// How fast work may go on that nobody waits for.
class Pace {
 public:
  virtual ~Pace() = default;
  // Called between pieces of work of some milliseconds, without locks; may wait. False: stop now.
  virtual bool go_on() = 0;
};

// As fast as it can.
class NoPause final : public Pace {
 public:
  bool go_on() override { return true; }
};

}  // namespace waxwing
