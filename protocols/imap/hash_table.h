#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/crypto.h"
#include "base/little_endian.h"

namespace waxwing::imap {

// A table by hashes, of which 0 is none. Where they go in it depends on a number that nobody knows,
// so that nobody can crowd a part of it; what is there lies side by side.
template <class Value>
class HashTable {
 public:
  explicit HashTable(std::size_t expected = 0) : slots_(std::bit_ceil(2 * expected + kSmallest)) {}

  // The value of this hash, and whether it is new: then it is `value`. Good until the next call.
  std::pair<Value&, bool> try_emplace(std::uint64_t hash, const Value& value) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    Slot& slot = find(hash);
    if (slot.hash == hash) return {slot.value, false};
    slot = {hash, value};
    ++count_;
    return {slot.value, true};
  }

  // Where in memory it will be looked for, for __builtin_prefetch.
  const void* address_of(std::uint64_t hash) const { return &slots_[place_of(hash)]; }

 private:
  static constexpr std::size_t kSmallest = 16;
  struct Slot {
    std::uint64_t hash = 0;
    Value value{};
  };

  // For any two hashes, few odd numbers make the highest bits of both products the same.
  std::size_t place_of(std::uint64_t hash) const {
    return (hash * factor_) >> (64 - std::countr_zero(slots_.size()));
  }

  // Where it is or belongs; half of all slots are free.
  Slot& find(std::uint64_t hash) {
    std::size_t at = place_of(hash);
    while (slots_[at].hash != 0 && slots_[at].hash != hash) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.hash != 0) find(slot.hash) = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
  std::uint64_t factor_ = read_word(random_bytes(8).data()) | 1;
};

}  // namespace waxwing::imap
