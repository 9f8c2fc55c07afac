#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/access.h"
#include "storage/file_name.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {

class MaildirAccount;

// Makes index and files of an account agree after an unclean stop, another start of the machine or
// the loss of the index. It reads directories, not messages:
// - a row without a file is expunged;
// - an unknown file keeps the UID of its name, unless its message was expunged, and gets a new
//   mod-sequence;
// - a file of another size than its name says, or whose bytes were never written, was cut off by a
//   power cut before anybody was told of it: it goes to lost+found/;
// - one unique part in two folders is a MOVE that was cut off: the target wins.
// Files that are no message of ours yet wait for their adoption. Guarded by the account's lock.
class Recovery {
 public:
  Recovery(MaildirAccount& account, Access& access) : account_(account), access_(access) {}
  Outcome run();

 private:
  struct Found {
    MaildirMailbox* mailbox = nullptr;
    std::string file;
    FileName name;
    Disk::Stat stat;
  };

  Outcome compare(MaildirMailbox& mailbox);
  Outcome consider(MaildirMailbox& mailbox, const std::string& file, const FileName& name);
  Result<bool> is_whole(const std::string& path, const FileName& name, const Disk::Stat& stat);
  Outcome finish_moves();
  bool is_same_message(const Found& found, const std::string& path);
  Outcome add_found();
  Outcome respect_annotations(MaildirMailbox& mailbox);
  Outcome set_aside(MaildirMailbox& mailbox, const std::string& file);
  Outcome remove(MaildirMailbox& mailbox, const std::string& file);

  MaildirAccount& account_;
  Access& access_;
  std::vector<Found> found_;
  std::unordered_set<std::int64_t> found_keys_;
};

}  // namespace waxwing
