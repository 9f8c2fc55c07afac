#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/store.h"

namespace waxwing::test {

// A store that only remembers what was delivered: what an intake is tested with.
class MemoryStore final : public Store {
 public:
  struct Copy {
    std::string account, mailbox, text;
  };
  std::vector<Copy> copies;
  struct SentCopy {
    Envelope envelope;
    std::string text;
  };
  std::vector<SentCopy> sent;
  std::map<std::string, std::vector<MailboxInfo>> mailboxes;  // by account
  bool is_full = false;
  bool has_plenty = false;
  std::set<std::string> full_accounts;

  // The one copy that was delivered; fails the test when there are more or fewer.
  std::string text() const;

  Result<std::shared_ptr<Account>> account(std::string_view address) override;
  Result<std::unique_ptr<Staged>> stage(std::uint64_t expected_size) override;
  Outcome check_space() override;
  bool knows_space() const override { return has_plenty; }
  Outcome check_room(std::string_view account, std::uint64_t size) override;
  Result<std::vector<Delivered>> deliver(Staged& message, std::string_view prefix,
                                         std::span<const Target> targets,
                                         Outgoing* outgoing) override;

  Outcome remove_account(std::string_view) override { return {}; }
  Outcome rename_account(std::string_view, std::string_view) override { return {}; }
  Result<Verdict> verify(std::string_view) override { return Verdict{}; }
  Outcome rebuild(std::string_view) override { return {}; }
  void close() override {}
};

}  // namespace waxwing::test
