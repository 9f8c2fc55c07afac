#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/reconciliation.h"
#include "storage/store_context.h"

namespace waxwing {

// Makes messages of files that other programs left in new/ or cur/: lines end in CRLF afterwards,
// and the name carries a UID. The unique part stays, so a crash in the middle makes no second
// message. A file that its program still writes waits; anything but a regular file stays where it
// is. Without the account's lock; by one thread at a time for one mailbox.
class Adoption {
 public:
  Adoption(StoreContext& context, MaildirMailbox& mailbox) : context_(context), mailbox_(mailbox) {}

  struct Report {
    std::vector<std::pair<std::string, Error>> refused;  // files that cannot become messages
    bool is_unfinished = false;                          // look again soon
  };
  // Files that vanish meanwhile are passed over.
  Report take_in(const std::vector<Stray>& strays);

 private:
  struct Prepared {
    std::string path;  // of what becomes the message: the stray, or its copy with CRLF in staging/
    Fd file;           // the stray
    Disk::Stat stat;   // of the stray, before it was read
    bool is_copy = false;
    std::uint64_t size = 0;
    std::shared_ptr<const Parsed> parsed;
  };

  // Cancelled: its program is not done with it.
  Outcome take_in(const Stray& stray);
  Result<Prepared> prepare(const std::string& path);
  Outcome convert(Prepared& prepared);
  Outcome check_whole(const std::string& path, const Prepared& prepared);
  Outcome place(const Stray& stray, Prepared& prepared);
  Outcome remove_original(const std::string& original, const std::string& directory);

  StoreContext& context_;
  MaildirMailbox& mailbox_;
};

}  // namespace waxwing
