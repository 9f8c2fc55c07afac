#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/text.h"
#include "storage/free_space.h"
#include "storage/store.h"
#include "storage/store_context.h"

namespace waxwing {

class MaildirAccount;

// The Store of this program.
class MaildirStore final : public Store {
 public:
  explicit MaildirStore(std::shared_ptr<StoreContext> context);
  ~MaildirStore() override;

  Result<std::shared_ptr<Account>> account(std::string_view address) override;
  Result<std::shared_ptr<Account>> mail_of(const User& user) override;
  Result<std::shared_ptr<Account>> existing_mail_of(const User& user) override;
  Outcome remove_account(std::string_view address) override;
  Outcome rename_account(std::string_view from, std::string_view to) override;
  Result<std::unique_ptr<Staged>> stage(std::uint64_t expected_size) override;
  Outcome check_space() override;
  bool knows_space() const override { return free_space_.is_plenty(); }
  Outcome check_room(std::string_view account, std::uint64_t size) override;
  Result<std::vector<Delivered>> deliver(Staged& message, std::string_view prefix,
                                         std::span<const Target> targets,
                                         Outgoing* outgoing) override;
  Result<Verdict> verify(std::string_view address) override;
  Outcome rebuild(std::string_view address) override;
  Outcome index_texts(std::string_view address) override;
  void close() override;

 private:
  Result<std::shared_ptr<MaildirAccount>> find(std::string_view address);
  // accounts/<domain>/<local>, percent-encoded
  Result<std::string> folder_of_account(std::string_view address) const;
  // NotFound when it has no folder.
  Result<std::shared_ptr<MaildirAccount>> find_existing(std::string_view address);
  // What others share with `from`, they share with `to`; with nobody when that is empty.
  Outcome rename_grantee(const std::string& from, const std::string& to);
  void forget_idle();

  const std::shared_ptr<StoreContext> context_;
  FreeSpace free_space_;
  std::mutex mutex_;  // guards accounts_
  std::unordered_map<std::string, std::shared_ptr<MaildirAccount>, StringHash, std::equal_to<>>
      accounts_;
  bool closed_ = false;
};

}  // namespace waxwing
