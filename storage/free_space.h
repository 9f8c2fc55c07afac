#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "storage/disk.h"

namespace waxwing {

// Whether there is room for mail. Far above the floor the disk is asked once a second, and not two
// or three times for every message. Any thread.
class FreeSpace {
 public:
  // `floor` in bytes; 0: nobody asks.
  FreeSpace(Disk& disk, const Clock& clock, std::string data_dir, std::uint64_t floor)
      : disk_(disk), clock_(clock), data_dir_(std::move(data_dir)), floor_(floor) {}

  // NoSpace, in a sentence for the operator, while less than the floor is free.
  Outcome check();
  // check() would not ask the disk now. Never blocks.
  bool is_plenty() const;

 private:
  Disk& disk_;
  const Clock& clock_;
  const std::string data_dir_;
  const std::uint64_t floor_;
  std::atomic<Steady::rep> plenty_until_{Steady::min().time_since_epoch().count()};
};

}  // namespace waxwing
