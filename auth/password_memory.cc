#include "auth/password_memory.h"

#include "base/crypto.h"

namespace waxwing {

PasswordMemory::PasswordMemory(const Clock& clock, Limits limits)
    : clock_(clock), limits_(limits), key_(random_bytes(32)) {}

bool PasswordMemory::contains(std::string_view subject, std::string_view password) {
  const auto wanted = digest(subject, password);
  const std::lock_guard lock(mutex_);
  const auto found = by_digest_.find(wanted);
  return found != by_digest_.end() && found->second->expires > clock_.steady();
}

void PasswordMemory::add(std::string_view subject, std::string_view password) {
  auto fresh = digest(subject, password);
  const auto now = clock_.steady();
  const std::lock_guard lock(mutex_);
  if (const auto found = by_digest_.find(fresh); found != by_digest_.end()) {
    entries_.erase(found->second);
    by_digest_.erase(found);
  }
  while (!entries_.empty() &&
         (entries_.back().expires <= now || entries_.size() >= limits_.max_entries)) {
    by_digest_.erase(entries_.back().digest);
    entries_.pop_back();
  }
  entries_.push_front({fresh, now + limits_.life});
  by_digest_.emplace(std::move(fresh), entries_.begin());
}

// The subject's length keeps it apart from the password, whatever bytes either holds.
std::string PasswordMemory::digest(std::string_view subject, std::string_view password) const {
  auto message = std::to_string(subject.size()) + ":" + std::string(subject);
  message += password;
  auto digest = hmac_sha256(key_, message);
  wipe(message);
  return digest;
}

}  // namespace waxwing
