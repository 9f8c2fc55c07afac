#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/shares.h"
#include "storage/store.h"

namespace waxwing {

class MaildirAccount;
class RenumberingWatcher;

// Tells those who watch all that one user sees of what happens in the accounts of others, of which
// some begin to share with him later. Any thread.
class ForeignWatch final : public Shares::Follower {
 public:
  struct Owner {
    std::shared_ptr<MaildirAccount> account;  // stays loaded
    std::string prefix;                       // of its mailboxes' names
    std::int64_t ids;                         // above those of its mailboxes
  };

  explicit ForeignWatch(std::string user);
  ~ForeignWatch() override;

  void add(const std::weak_ptr<Watcher>& watcher);
  // Those who watch hear from now on of these, too. Does nothing while nobody watches.
  void follow(std::span<const Owner> owners);
  std::vector<Owner> owners() const;

  // They are told that names have changed, and when they look, follow() is called.
  void shared(std::string_view grantee) override;

 private:
  void forget_the_dead();
  void connect(const Owner& owner, const std::weak_ptr<Watcher>& watcher);

  const std::string user_;
  mutable std::mutex mutex_;  // guards these
  std::vector<std::weak_ptr<Watcher>> watchers_;
  std::vector<Owner> owners_;
  std::vector<std::shared_ptr<RenumberingWatcher>> relays_;
};

}  // namespace waxwing
