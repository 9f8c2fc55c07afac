#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace waxwing {

// When to try again: after `min`, then twice as long each time, at most `max`; a tenth more or
// less, so that what failed together does not come back together.  RFC 5321 section 4.5.4.1
template <class Random>
std::chrono::seconds retry_after(std::uint32_t attempts, std::chrono::seconds min,
                                 std::chrono::seconds max, Random& random) {
  auto time = std::chrono::duration_cast<std::chrono::milliseconds>(min);
  for (std::uint32_t i = 1; i < attempts && time < max; ++i) time *= 2;
  time = std::min<std::chrono::milliseconds>(time, max);
  std::uniform_real_distribution<double> jitter(0.9, 1.1);
  const auto with_jitter =
      static_cast<std::int64_t>(static_cast<double>(time.count()) * jitter(random));
  return std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(with_jitter));
}

// After this where the trouble is our own, such as a disk.
constexpr std::int64_t kRetryOwnTrouble = 300;  // seconds

}  // namespace waxwing
