#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace waxwing {

class MaildirAccount;

// Which accounts have their databases open, in the order of their last use. Any thread.
class OpenAccounts {
 public:
  explicit OpenAccounts(std::size_t limit) : limit_(limit) {}

  // Called under the account's lock. The account is open and in use now; over the limit those that
  // were not used for longest and are idle are closed.
  void used(MaildirAccount& account);
  void closed(MaildirAccount& account);
  std::size_t count() const;

 private:
  using Order = std::list<std::weak_ptr<MaildirAccount>>;  // longest unused first

  const std::size_t limit_;
  mutable std::mutex mutex_;
  Order order_;
  std::unordered_map<MaildirAccount*, Order::iterator> places_;
};

}  // namespace waxwing
