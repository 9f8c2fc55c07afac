#pragma once

#include <string>

#include "base/clock.h"
#include "storage/background.h"
#include "storage/disk.h"
#include "storage/file_name.h"
#include "storage/new_mail_watch.h"
#include "storage/open_accounts.h"
#include "storage/store.h"

namespace waxwing {

// What all parts of a store share; lives as long as any of them. Any thread.
struct StoreContext {
  Store::Options options;
  Disk& disk;
  const Clock& clock;
  UniqueNames names;
  bool sync_directories;  // the file system or the operator asks for more than one fsync
  std::string boot_id;    // another one after each start of the machine
  OpenAccounts open_accounts;
  Background background;
  NewMailWatch new_mail;

  std::string staging() const { return options.data_dir + "/staging"; }
};

}  // namespace waxwing
