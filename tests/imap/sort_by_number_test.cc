#include "protocols/imap/sort_by_number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

namespace waxwing::imap {
namespace {

using Item = std::pair<std::int64_t, int>;

std::vector<Item> numbered(const std::vector<std::int64_t>& numbers) {
  std::vector<Item> items;
  for (const std::int64_t number : numbers) items.emplace_back(number, int(items.size()));
  return items;
}

void expect_sorted(std::vector<Item> items) {
  std::vector<Item> expected = items;
  std::ranges::stable_sort(expected, {}, &Item::first);
  sort_by_number(items, [](const Item& item) { return item.first; });
  EXPECT_EQ(items, expected);
}

TEST(SortByNumber, TakesNumbersOfAnySizeAndSign) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  expect_sorted({});
  expect_sorted(numbered({7}));
  expect_sorted(numbered({kMax, 0, -1, kMin, 1, kMax - 1, kMin + 1, 2047, 2048, -2048}));
}

TEST(SortByNumber, KeepsTheOrderOfEqualOnes) {
  std::mt19937_64 random(1);
  for (const int bits : {1, 11, 12, 30, 63}) {
    std::vector<std::int64_t> numbers(3000);
    for (auto& number : numbers) {
      number = static_cast<std::int64_t>(random() >> (64 - bits)) - 1000;
    }
    expect_sorted(numbered(numbers));
  }
}

}  // namespace
}  // namespace waxwing::imap
