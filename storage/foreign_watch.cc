#include "storage/foreign_watch.h"

#include <algorithm>
#include <utility>

#include "storage/guarded_mailbox.h"
#include "storage/maildir_account.h"

namespace waxwing {

ForeignWatch::ForeignWatch(std::string user) : user_(std::move(user)) {}

ForeignWatch::~ForeignWatch() = default;

void ForeignWatch::forget_the_dead() {
  std::erase_if(watchers_, [](const auto& watcher) { return watcher.expired(); });
  std::erase_if(relays_, [](const auto& relay) { return !relay->is_needed(); });
  if (watchers_.empty()) owners_.clear();
}

void ForeignWatch::connect(const Owner& owner, const std::weak_ptr<Watcher>& watcher) {
  relays_.push_back(std::make_shared<RenumberingWatcher>(watcher, owner.ids));
  owner.account->watch(relays_.back());
}

void ForeignWatch::add(const std::weak_ptr<Watcher>& watcher) {
  const std::lock_guard lock(mutex_);
  forget_the_dead();
  watchers_.push_back(watcher);
  for (const Owner& owner : owners_) connect(owner, watcher);
}

void ForeignWatch::follow(std::span<const Owner> owners) {
  const std::lock_guard lock(mutex_);
  forget_the_dead();
  if (watchers_.empty()) return;
  for (const Owner& owner : owners) {
    if (std::ranges::count(owners_, owner.account, &Owner::account) > 0) continue;
    owners_.push_back(owner);
    for (const auto& watcher : watchers_) connect(owner, watcher);
  }
}

std::vector<ForeignWatch::Owner> ForeignWatch::owners() const {
  const std::lock_guard lock(mutex_);
  return owners_;
}

void ForeignWatch::shared(std::string_view grantee) {
  if (grantee != user_ && grantee != shared_owner(user_)) return;
  std::vector<std::shared_ptr<Watcher>> alive;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& watcher : watchers_) {
      if (auto held = watcher.lock()) alive.push_back(std::move(held));
    }
  }
  for (const auto& watcher : alive) watcher->moved(kMailboxNames, 0);
}

}  // namespace waxwing
