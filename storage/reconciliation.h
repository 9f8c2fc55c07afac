#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storage/access.h"
#include "storage/disk.h"
#include "storage/file_name.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {

class MaildirAccount;

// A file that is no message of its mailbox yet: dropped into new/, or into cur/ with another name
// than ours.
struct Stray {
  std::string directory, name;
};

// Brings the rows of one mailbox in line with the files of its directory, where other programs
// changed it: files that vanished are expunged, flags that differ from what we wrote into a name
// win, files of messages that were expunged are removed. What is on its way in is left alone.
// Guarded by the account's lock.
class Reconciliation {
 public:
  Reconciliation(MaildirAccount& account, Access& access, MaildirMailbox& mailbox);

  // Looks at the directories' times first, and says which files want adoption. After changes of our
  // own the times say nothing: then cur/ is compared every few seconds at most.
  Result<std::vector<Stray>> refresh();
  // Compares cur/ whatever its time.
  Result<std::vector<Stray>> compare();

  // A name in cur/ that is no row's.
  struct Unknown {
    std::string file;
    std::optional<FileName> name;
  };
  // For each file that is no row's; by default strays are gathered.
  Outcome compare_files(const std::vector<std::string>& files,
                        const std::function<Outcome(const Unknown&)>& unknown);
  static Result<std::vector<std::string>> list(Disk& disk, const std::string& directory);
  bool is_ours(const FileName& name) const;

 private:
  Outcome take_flags(const IndexEntry& entry, const FileName& name, const std::string& file);
  Outcome expunge_vanished(const std::vector<IndexEntry>& missing);
  Result<bool> is_leftover(const Unknown& unknown);
  bool is_in_flight(Uid uid) const;
  bool has_changed(const MaildirMailbox::Scan& scan, const Disk::Stat& now) const;

  MaildirAccount& account_;
  Access& access_;
  MaildirMailbox& mailbox_;
  Disk& disk_;
  std::vector<MessageRow> reflagged_;
};

}  // namespace waxwing
