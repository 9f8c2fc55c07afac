#include "storage/keywords.h"

#include <algorithm>

#include "base/text.h"

namespace waxwing {
namespace {

constexpr std::size_t kScarce = 10;

std::size_t count_usual(std::span<const std::string> known) {
  return static_cast<std::size_t>(std::ranges::count_if(known, is_usual_keyword));
}

}  // namespace

bool is_usual_keyword(std::string_view keyword) {
  return std::ranges::any_of(
      kUsualKeywords, [&](std::string_view usual) { return equals_ignoring_case(usual, keyword); });
}

std::size_t count_keywords(std::span<const std::string> known) {
  return known.size() - static_cast<std::size_t>(std::ranges::count(known, ""));
}

std::size_t room_for_keywords(std::span<const std::string> known) {
  const std::size_t taken = count_keywords(known);
  const std::size_t reserved = kUsualKeywords.size() - count_usual(known);
  constexpr auto kAll = static_cast<std::size_t>(Flags::kMaxKeywords);
  return kAll > taken + reserved ? kAll - taken - reserved : 0;
}

bool are_keywords_scarce(std::span<const std::string> known) {
  return room_for_keywords(known) < kScarce;
}

Flags keyword_flags(std::span<const std::string> known) {
  Flags flags;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (!known[i].empty()) flags.bits |= keyword_bit(i);
  }
  return flags;
}

std::uint64_t keyword_bit(std::span<const std::string> known, std::string_view keyword) {
  const std::size_t place = find_keyword(known, keyword);
  return place < known.size() ? keyword_bit(place) : 0;
}

std::size_t find_keyword(std::span<const std::string> known, std::string_view keyword) {
  const auto found = std::ranges::find_if(
      known, [&](const auto& each) { return equals_ignoring_case(each, keyword); });
  return static_cast<std::size_t>(found - known.begin());
}

std::size_t free_place(std::span<const std::string> known) {
  return static_cast<std::size_t>(std::ranges::find(known, "") - known.begin());
}

}  // namespace waxwing
