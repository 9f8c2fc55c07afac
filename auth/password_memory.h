#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace waxwing {

// Remembers for minutes what became of a password, so that a client that signs in again and again,
// rightly or wrongly, costs one argon2. Keeps only HMACs under a key that lives and dies with this
// object. Bounded: the oldest go first. Any thread.
class PasswordMemory {
 public:
  struct Limits {
    std::chrono::seconds life{600};
    std::size_t max_entries = 100'000;
  };
  PasswordMemory(const Clock& clock, Limits limits);
  explicit PasswordMemory(const Clock& clock) : PasswordMemory(clock, Limits()) {}

  // `subject`: whose password it is, and in which version of it, so that a change is a miss at once.
  bool contains(std::string_view subject, std::string_view password);
  void add(std::string_view subject, std::string_view password);

 private:
  struct Entry {
    std::string digest;
    Steady expires;
  };
  std::string digest(std::string_view subject, std::string_view password) const;

  const Clock& clock_;
  const Limits limits_;
  const std::string key_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the next to expire last
  std::unordered_map<std::string, std::list<Entry>::iterator> by_digest_;
};

}  // namespace waxwing
