#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/disk.h"
#include "storage/search_db.h"
#include "storage/text_lookup.h"

namespace waxwing {

// The text index of one account: search.sqlite and the lock around it, which is not the account's:
// nobody who delivers or reads mail waits for a search. Whoever holds it calls nothing outside.
// Any thread.
class SearchIndex : public std::enable_shared_from_this<SearchIndex> {
 public:
  SearchIndex(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  // There is one, or there shall be one.
  bool is_wanted() const { return wanted_; }
  void want() { wanted_ = true; }

  // Opens it if it is closed; made when there is none, or none of any use.
  Outcome open(const SearchDb::Generation& generation);
  void close();
  // Unless somebody is at work with it. Never waits.
  bool try_to_close();
  Outcome remove();

  // The lock, held, with the database open.
  struct Held {
    std::unique_lock<std::mutex> lock;
    SearchDb& db;
    std::uint64_t opened;  // another number after each time it was opened
  };
  // NotFound when it is closed.
  Result<Held> hold();
  // What it holds is damaged: it is thrown away, and made again when it is opened.
  void distrust();

  std::unique_ptr<TextLookup> look_up(MailboxId mailbox, const std::vector<TextKey>& keys);

 private:
  Disk& disk_;
  const std::string path_;
  std::atomic<bool> wanted_{false};
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<SearchDb> db_;
  std::uint64_t opened_ = 0;
  bool distrusted_ = false;
};

}  // namespace waxwing
