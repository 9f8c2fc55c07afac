#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waxwing::mail {

// A moment as a Date: field gives it.
struct Date {
  std::int64_t unix_seconds = 0;
  int zone_minutes = 0;  // east of UTC: where the sender was
  // Days since 1970-01-01 on the sender's calendar, whatever the zone: for SENTON and the like.
  std::int64_t local_day() const;
  bool operator==(const Date&) const = default;
};

// The value of a Date: field. Reads obsolete years and zones, comments, a missing day name, seconds
// or zone, and dates in ctime order.  RFC 5322 sections 3.3 and 4.3
std::optional<Date> parse_date(std::string_view value);
// The same for sorting: a broken time counts as 00:00:00, a broken zone as UTC.  RFC 5256
// section 2.2
std::optional<Date> parse_broken_date(std::string_view value);

// "Sun, 22 Nov 2026 23:05:44 +0000"
std::string print_date(std::int64_t unix_seconds, int zone_minutes = 0);

}  // namespace waxwing::mail
