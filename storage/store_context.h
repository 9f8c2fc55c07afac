#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "storage/background.h"
#include "storage/disk.h"
#include "storage/file_name.h"
#include "storage/metadata_news.h"
#include "storage/new_mail_watch.h"
#include "storage/open_accounts.h"
#include "storage/shares.h"
#include "storage/store.h"
#include "storage/text_indexing.h"

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
  TextIndexing text_indexing;
  NewMailWatch new_mail;
  std::unique_ptr<Shares> shares;
  MetadataNews metadata_news;

  std::string staging() const { return options.data_dir + "/staging"; }
  // Every message is made in a folder below and leaves it again, and the kernel lets one at a time
  // into a folder: with a hundred connections, workers spent an eighth of their time at that door.
  static constexpr std::size_t kDoors = 16;
  static std::string door(std::size_t number) { return "/" + std::to_string(number % kDoors); }
  std::string staging_folder() { return staging() + door(next_door++); }
  std::atomic<std::size_t> next_door{0};
};

}  // namespace waxwing
