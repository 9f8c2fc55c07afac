#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/text.h"

namespace waxwing {

// Answers of a database that only this process writes: true until the next write, which forgets
// them all. An answer that was read before a write and comes after it is not taken. Bounded: when
// it is full it starts anew. Any thread.
//   const auto since = cache.moment();
//   if (auto known = cache.find(key)) return *known;
//   auto value = read();
//   cache.add(key, value, since);
template <class Value>
class ReadCache {
 public:
  explicit ReadCache(std::size_t max_entries) : max_entries_(max_entries) {}

  using Moment = std::uint64_t;
  Moment moment() const {
    const std::lock_guard lock(mutex_);
    return moment_;
  }
  std::optional<Value> find(std::string_view key) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    return std::optional<Value>(std::in_place, found->second);
  }
  void add(std::string_view key, Value value, Moment since) {
    const std::lock_guard lock(mutex_);
    if (since != moment_) return;
    if (entries_.size() >= max_entries_) entries_.clear();
    entries_.insert_or_assign(std::string(key), std::move(value));
  }
  // After every write has been committed.
  void forget() {
    const std::lock_guard lock(mutex_);
    ++moment_;
    entries_.clear();
  }

 private:
  const std::size_t max_entries_;
  mutable std::mutex mutex_;
  Moment moment_ = 0;
  std::unordered_map<std::string, Value, StringHash, std::equal_to<>> entries_;
};

}  // namespace waxwing
