#include "storage/open_accounts.h"

#include <vector>

#include "storage/maildir_account.h"

namespace waxwing {

void OpenAccounts::used(MaildirAccount& account) {
  std::vector<std::shared_ptr<MaildirAccount>> idle;
  {
    std::lock_guard lock(mutex_);
    auto place = places_.find(&account);
    if (place != places_.end()) {
      order_.splice(order_.end(), order_, place->second);
      return;
    }
    places_[&account] = order_.insert(order_.end(), account.weak_from_this());
    if (places_.size() <= limit_) return;
    // Twice as many as need be: some may be busy.
    std::size_t candidates = 2 * (places_.size() - limit_);
    for (auto& other : order_) {
      if (candidates-- == 0) break;
      auto held = other.lock();
      if (held && held.get() != &account) idle.push_back(std::move(held));
    }
  }
  for (auto& other : idle) {
    if (count() <= limit_) break;
    // Never waits: the caller holds a lock.
    other->close_if_idle();
  }
}

void OpenAccounts::closed(MaildirAccount& account) {
  std::lock_guard lock(mutex_);
  auto place = places_.find(&account);
  if (place == places_.end()) return;
  order_.erase(place->second);
  places_.erase(place);
}

std::size_t OpenAccounts::count() const {
  std::lock_guard lock(mutex_);
  return places_.size();
}

}  // namespace waxwing
