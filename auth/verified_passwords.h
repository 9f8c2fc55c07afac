#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace waxwing {

// Remembers for minutes which passwords were right, so that a client that signs in again and again
// costs one argon2. Keeps only HMACs under a key that lives and dies with this object. The version
// of the credential is part of what is hashed: a changed password or a disabled account is a miss
// at once. Any thread.
class VerifiedPasswords {
 public:
  struct Limits {
    std::chrono::seconds life{600};
    std::size_t max_entries = 100'000;
  };
  VerifiedPasswords(const Clock& clock, Limits limits);
  explicit VerifiedPasswords(const Clock& clock) : VerifiedPasswords(clock, Limits()) {}

  struct Credential {
    std::int64_t account = 0;
    std::int64_t version = 0;
  };
  bool contains(const Credential& credential, std::string_view password);
  void add(const Credential& credential, std::string_view password);

 private:
  struct Entry {
    std::string digest;
    Steady expires;
  };
  std::string digest(const Credential& credential, std::string_view password) const;

  const Clock& clock_;
  const Limits limits_;
  const std::string key_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the next to expire last
  std::unordered_map<std::string, std::list<Entry>::iterator> by_digest_;
};

}  // namespace waxwing
