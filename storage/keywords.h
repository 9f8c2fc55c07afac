#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types.h"

namespace waxwing {

// The keywords of a mailbox by their bit in Flags. A place that is empty is free.
using Keywords = std::vector<std::string>;

// Those that mail programs look for: every mailbox has room for them.  RFC 9051 section 2.3.2
inline constexpr std::array<std::string_view, 4> kUsualKeywords = {"$Junk", "$NotJunk",
                                                                   "$Forwarded", "$MDNSent"};
bool is_usual_keyword(std::string_view keyword);
inline constexpr std::size_t kMostOtherKeywords = Flags::kMaxKeywords - kUsualKeywords.size();

// Octets: some clients read no line as long as many long keywords make one.
inline constexpr std::size_t kMaxKeyword = 255;

std::size_t count_keywords(std::span<const std::string> known);
// How many more of the others there is room for.
std::size_t room_for_keywords(std::span<const std::string> known);
// Whether it is time to look which of them no message has.
bool are_keywords_scarce(std::span<const std::string> known);

// Bits of all of them, without those of free places.
Flags keyword_flags(std::span<const std::string> known);

// The bit of that place, and of that keyword: no bit when it has no place.
constexpr std::uint64_t keyword_bit(std::size_t place) {
  return std::uint64_t{1} << (static_cast<std::size_t>(Flags::kFirstKeyword) + place);
}
std::uint64_t keyword_bit(std::span<const std::string> known, std::string_view keyword);

// The place of a keyword, ignoring case; known.size() when it has none.
std::size_t find_keyword(std::span<const std::string> known, std::string_view keyword);
// Where a new one goes.
std::size_t free_place(std::span<const std::string> known);

}  // namespace waxwing
