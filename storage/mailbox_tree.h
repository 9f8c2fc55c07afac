#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/access.h"
#include "storage/account.h"

namespace waxwing {

class MaildirAccount;
class MaildirMailbox;

// The mailboxes of an account by name, and what changes names: CREATE, DELETE, RENAME, SUBSCRIBE.
// Changes of several directories are noted in account.sqlite first and finished after a crash.
// Guarded by the account's lock.
class MailboxTree {
 public:
  explicit MailboxTree(MaildirAccount& account) : account_(account) {}

  // Takes up what account.sqlite has; mailboxes that are known already stay the same objects. A new
  // account gets its first mailboxes.
  Outcome load(Access& access);
  // Finishes renames and removals that a crash or an error cut off. What cannot be finished is
  // logged and stays noted; it fails only when account.sqlite does.
  Outcome finish_pending(Access& access);
  // Makes directories that are missing, takes up directories that other programs made.
  Outcome recover(Access& access);
  // Takes up the latter if any may have come since the last look.
  void notice_directories(Access& access);

  using Mailboxes = std::map<std::string, std::shared_ptr<MaildirMailbox>, std::less<>>;
  const Mailboxes& all(const Access&) const { return mailboxes_; }
  std::shared_ptr<MaildirMailbox> find(const Access&, std::string_view name) const;
  // Of the mailboxes whose inferior this name is, the one with the longest name; or nullptr.
  std::shared_ptr<MaildirMailbox> nearest_above(const Access&, std::string_view name) const;

  Result<std::vector<MailboxInfo>> list(Access& access);
  Result<std::shared_ptr<MaildirMailbox>> create(Access& access, std::string_view name,
                                                 SpecialUse use);
  // With this UIDVALIDITY. Who has the mailbox of another one open, which never had a message,
  // finds it gone.
  Result<std::shared_ptr<MaildirMailbox>> import(Access& access, std::string_view name,
                                                 std::uint32_t uid_validity);
  // Its directory is aside then and goes with sweep().
  Outcome remove(Access& access, std::string_view name);
  // Deletes what removals put aside. Needs no lock.
  Outcome sweep();
  bool needs_sweep() const;
  Outcome rename(Access& access, std::string_view from, std::string_view to);
  Result<std::string> special(const Access& access, SpecialUse use);

 private:
  Result<std::shared_ptr<MaildirMailbox>> add(Access& access, const std::string& name,
                                              const std::string& folder, SpecialUse use);
  // Who may do what above may do it here.  RFC 4314 section 4
  Outcome inherit(Access& access, MaildirMailbox& mailbox);
  Outcome make_directories(const std::string& name, const std::string& folder);
  Outcome mark(const std::string& name, const std::string& folder);
  std::optional<std::string> marked_name(const std::string& folder);
  // Renames all directories or says which are at their new place nevertheless.
  struct Renamed {
    Outcome outcome;
    std::vector<bool> moved;
    bool is_undone() const;
  };
  Renamed rename_directories(const std::vector<AccountDb::Renaming>& renamings);
  Outcome adopt_directories(Access& access);
  Outcome finish(Access& access, const AccountDb::Pending& pending);
  Outcome finish_removal(Access& access, const AccountDb::Pending& pending);
  Outcome finish_renaming(Access& access, const AccountDb::Pending& pending);
  Outcome release_folder(Access& access, const std::string& folder);
  std::shared_ptr<MaildirMailbox> in_folder(const Access& access, std::string_view folder) const;
  std::string directory(const std::string& folder) const;
  std::string aside() const;

  MaildirAccount& account_;
  Mailboxes mailboxes_;
  // The folder of folders when it was looked at last.
  struct Seen {
    std::int64_t modified = -1, nanoseconds = 0, at = 0;
  } seen_;
  std::set<std::string> refused_;  // folders of which the log knows
};

}  // namespace waxwing
