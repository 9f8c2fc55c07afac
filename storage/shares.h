#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/disk.h"
#include "storage/sqlite.h"

namespace waxwing {

// Who has given rights to whom, so that nobody need open all accounts to see what is shared with
// him: data_dir/shares.sqlite. The truth is in each owner's account.sqlite. An owner too many here
// costs a look into his account; and the file is made again from all accounts when it is missing or
// damaged. Any thread; may block.
class Shares {
 public:
  static Result<std::unique_ptr<Shares>> open(Disk& disk, const std::string& data_dir);

  // `identifier` as an Acl has it. Durable when it returns: to be called before the entry is made.
  Outcome add(std::string_view owner, std::string_view identifier);
  // Who may have given something to this user, by name or as one of the domain; ascending.
  Result<std::vector<std::string>> owners(std::string_view user);
  // Who may have an entry for this very address, or annotations of its user.
  Result<std::vector<std::string>> owners_naming(std::string_view address);
  Outcome remove_owner(std::string_view owner);

  // Is told, until it dies, of everybody to whom somebody gives something for the first time: an
  // address, or "@example.test" for all of a domain. The rights come a moment later. Called on any
  // thread, under an account's lock; must not block.
  class Follower {
   public:
    virtual ~Follower() = default;
    virtual void shared(std::string_view grantee) = 0;
  };
  void tell(std::weak_ptr<Follower> follower);

 private:
  explicit Shares(sqlite::Database database) : database_(std::move(database)) {}
  Result<bool> note(std::string_view grantee, std::string_view owner);
  Outcome fill(Disk& disk, const std::string& accounts);
  Outcome fill_from(const std::string& folder, std::string_view owner);
  Result<std::vector<std::string>> names(std::string_view sql, std::string_view first,
                                         std::string_view second);

  std::mutex mutex_;  // guards the database
  sqlite::Database database_;
  std::mutex followers_mutex_;  // guards these
  std::vector<std::weak_ptr<Follower>> followers_;
};

// "@example.test": whose the shared mailboxes of that address's domain are. Empty without a domain.
std::string_view shared_owner(std::string_view address);

// How the folder of an account is called inside accounts/: "<domain>/<local part>",
// percent-encoded; the shared mailboxes of a domain, "@domain", are in "<domain>/@shared". Invalid
// when the address has no domain.
Result<std::string> account_folder(std::string_view address);
// And back; empty when the names are of no account.
std::string address_of_folder(std::string_view domain, std::string_view local);

}  // namespace waxwing
