#pragma once

#include <optional>
#include <string>

#include "auth/directory.h"
#include "protocols/smtp/intake.h"
#include "storage/sent_copies.h"
#include "storage/store.h"

namespace waxwing {

// Puts what a user submits into his Sent, where his account wants that (`account save-sent`), with
// the Bcc that the recipients do not get. Any thread; may block.
class SentSaving {
 public:
  // They outlive it.
  SentSaving(Directory& directory, Store& store, SentCopies& copies)
      : directory_(directory), store_(store), copies_(copies) {}

  struct Plan {
    Store::Target target;
    std::string fingerprint;  // empty: not known
  };
  // Where the copy of this message goes, which is still as it was submitted; nothing where none is
  // wanted, or the account has no room for it.
  Result<std::optional<Plan>> plan(const smtp::Origin& origin, Staged& submitted);
  // It is there.
  void saved(Plan plan, const Store::Delivered& copy);

 private:
  Directory& directory_;
  Store& store_;
  SentCopies& copies_;
};

}  // namespace waxwing
