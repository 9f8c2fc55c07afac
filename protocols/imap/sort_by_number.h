#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace waxwing::imap {

// Sorts by a signed number; of the same number they stay in their order. In a few passes, whatever
// the order was: one to look, and two for each eleven bits in which the numbers differ.
template <class Item, class NumberOf>
void sort_by_number(std::vector<Item>& items, NumberOf number_of) {
  constexpr unsigned kBits = 11;
  constexpr std::size_t kDigits = std::size_t{1} << kBits;
  // As unsigned, negative numbers come first when the highest bit is turned.
  const auto key = [&](const Item& item) {
    return static_cast<std::uint64_t>(number_of(item)) ^ (std::uint64_t{1} << 63);
  };

  std::uint64_t differing = 0;
  bool is_in_order = true;
  for (std::size_t i = 1; i < items.size(); ++i) {
    const std::uint64_t before = key(items[i - 1]), here = key(items[i]);
    differing |= before ^ here;
    is_in_order = is_in_order && before <= here;
  }
  if (is_in_order) return;

  std::vector<Item> sorted(items.size());
  for (unsigned shift = 0; shift < 64; shift += kBits) {
    if ((differing >> shift) % kDigits == 0) continue;
    std::array<std::size_t, kDigits> place{};
    for (const Item& item : items) ++place[(key(item) >> shift) % kDigits];
    std::size_t next = 0;
    for (std::size_t& digit : place) {
      const std::size_t count = digit;
      digit = next;
      next += count;
    }
    for (const Item& item : items) sorted[place[(key(item) >> shift) % kDigits]++] = item;
    items.swap(sorted);
  }
}

}  // namespace waxwing::imap
