#pragma once

#include <cstdint>

namespace waxwing {

// When a domain is told of a day (UTC), by TLS reports and by DMARC reports. In seconds.
constexpr std::int64_t kReportDay = 86400;
constexpr std::int64_t kReportSpread = 4 * 3600;    // after the end of the day, at random
constexpr std::int64_t kReportRetry = 3600;         // where that failed
constexpr std::int64_t kReportGiveUp = kReportDay;  // after the end of the day

}  // namespace waxwing
