#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "storage/reconciliation.h"
#include "storage/store_context.h"

namespace waxwing {

// Makes messages of files that other programs left in new/ or cur/: lines end in CRLF afterwards,
// and the name carries a UID. The unique part stays, so a crash in the middle makes no second
// message. Without the account's lock; by one thread at a time for one mailbox.
class Adoption {
 public:
  Adoption(StoreContext& context, MaildirMailbox& mailbox) : context_(context), mailbox_(mailbox) {}

  // Files that vanish meanwhile are passed over.
  Outcome take_in(const std::vector<Stray>& strays);

 private:
  struct Prepared {
    std::string path;  // of what becomes the message: the stray, or its copy with CRLF in staging/
    bool is_copy = false;
    std::uint64_t size = 0;
    std::int64_t modified = 0;
    std::shared_ptr<const Parsed> parsed;
  };

  Outcome take_in(const Stray& stray);
  Result<Prepared> prepare(const std::string& path);
  Outcome convert(const Fd& file, Prepared& prepared);
  Outcome place(const Stray& stray, Prepared& prepared);

  StoreContext& context_;
  MaildirMailbox& mailbox_;
};

}  // namespace waxwing
