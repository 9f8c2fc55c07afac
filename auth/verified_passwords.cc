#include "auth/verified_passwords.h"

#include "base/crypto.h"

namespace waxwing {

VerifiedPasswords::VerifiedPasswords(const Clock& clock, Limits limits)
    : clock_(clock), limits_(limits), key_(random_bytes(32)) {}

bool VerifiedPasswords::contains(const Credential& credential, std::string_view password) {
  const auto wanted = digest(credential, password);
  const std::lock_guard lock(mutex_);
  const auto found = by_digest_.find(wanted);
  return found != by_digest_.end() && found->second->expires > clock_.steady();
}

void VerifiedPasswords::add(const Credential& credential, std::string_view password) {
  auto fresh = digest(credential, password);
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

std::string VerifiedPasswords::digest(const Credential& credential,
                                      std::string_view password) const {
  auto message = std::to_string(credential.account) + ":" + std::to_string(credential.version) +
                 ":" + std::string(password);
  auto digest = hmac_sha256(key_, message);
  wipe(message);
  return digest;
}

}  // namespace waxwing
