#include "storage/free_space.h"

#include <chrono>

namespace waxwing {
namespace {

constexpr std::chrono::seconds kTrusted{1};
// So many times the floor: within a second no disk is filled down to it from there.
constexpr std::uint64_t kPlenty = 4;

}  // namespace

bool FreeSpace::is_plenty() const {
  return floor_ == 0 ||
         clock_.steady().time_since_epoch().count() < plenty_until_.load(std::memory_order_relaxed);
}

Outcome FreeSpace::check() {
  if (is_plenty()) return {};
  const Steady now = clock_.steady();
  auto free = disk_.free_space(data_dir_);
  if (!free) return fail(free.error());
  if (*free / kPlenty >= floor_) {
    plenty_until_.store((now + kTrusted).time_since_epoch().count(), std::memory_order_relaxed);
  }
  if (*free >= floor_) return {};
  return fail(Error::Code::NoSpace, std::to_string(*free >> 20) + " MiB are free where " +
                                        data_dir_ + " is, less than limits.free_space, which is " +
                                        std::to_string(floor_ >> 20) +
                                        " MiB: make room, or lower it");
}

}  // namespace waxwing
