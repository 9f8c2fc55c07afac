#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waxwing {

// The most that comes out of one archive: reports of the largest senders have a tenth of it.
constexpr std::size_t kMaxUnpacked = 20'000'000;

// The file in a gzip or in a zip (its first), or the bytes themselves where they are neither. Pure.
// Whoever sent it may want to fill our memory: TooLarge for more than kMaxUnpacked, and for what is
// far too good at becoming more. Invalid for what is broken or encrypted.
Result<std::string> unpack_report(std::string_view bytes);

}  // namespace waxwing
