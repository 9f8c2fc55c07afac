#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace waxwing::imap {

// A table by keyed hashes (SipHash), which nobody can choose: their low bits say where to look, and
// what is there lies side by side. Hash 0 is none.
template <class Value>
class HashTable {
 public:
  explicit HashTable(std::size_t expected = 0) {
    std::size_t size = 16;
    while (size < 2 * expected) size *= 2;
    slots_.resize(size);
  }

  // The value of this hash, and whether it is new: then it is `value`. Good until the next call.
  std::pair<Value&, bool> try_emplace(std::uint64_t hash, const Value& value) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    Slot& slot = find(hash);
    if (slot.hash == hash) return {slot.value, false};
    slot = {hash, value};
    ++count_;
    return {slot.value, true};
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    Value value{};
  };

  // Where it is or belongs; half of all slots are free.
  Slot& find(std::uint64_t hash) {
    std::size_t at = hash & (slots_.size() - 1);
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
};

}  // namespace waxwing::imap
