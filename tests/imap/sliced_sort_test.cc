#include "protocols/imap/sliced_sort.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace waxwing::imap {
namespace {

TEST(SlicedSort, SortsAnyNumberOfItems) {
  std::mt19937 random(1);
  for (const int count : {0, 1, 2, 511, 512, 513, 1024, 1025, 1536, 5000, 30'000}) {
    std::vector<int> items(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) items[static_cast<std::size_t>(i)] = i;
    const std::vector<int> wanted = items;
    std::shuffle(items.begin(), items.end(), random);
    SlicedSort sort(items, std::less<int>());
    while (!sort.step()) {
    }
    EXPECT_EQ(sort.items(), wanted) << count;
  }
}

TEST(SlicedSort, StopsBetweenItsSteps) {
  std::vector<int> items;
  for (int i = 100'000; i > 0; --i) items.push_back(i);
  int compared = 0;
  const auto less = [&](int a, int b) {
    ++compared;
    return a < b;
  };
  SlicedSort sort(items, less);
  int most = 0;
  for (bool is_over = false; !is_over;) {
    compared = 0;
    is_over = sort.step();
    most = std::max(most, compared);
  }
  EXPECT_LT(most, 10'000);
  EXPECT_TRUE(std::is_sorted(sort.items().begin(), sort.items().end()));
}

}  // namespace
}  // namespace waxwing::imap
