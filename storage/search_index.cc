#include "storage/search_index.h"

#include "base/log.h"
#include "storage/search_lookup.h"

namespace waxwing {

Outcome SearchIndex::open(const SearchDb::Generation& generation) {
  const std::lock_guard lock(mutex_);
  if (distrusted_) {
    db_.reset();
    if (auto done = SearchDb::remove(disk_, path_); !done) return done;
    distrusted_ = false;
  }
  if (db_) return {};
  auto db = SearchDb::open(disk_, path_, generation);
  if (!db) return fail(db.error());
  db_ = std::move(*db);
  ++opened_;
  return {};
}

void SearchIndex::close() {
  const std::lock_guard lock(mutex_);
  db_.reset();
}

bool SearchIndex::try_to_close() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return false;
  db_.reset();
  return true;
}

Outcome SearchIndex::remove() {
  const std::lock_guard lock(mutex_);
  db_.reset();
  return SearchDb::remove(disk_, path_);
}

Result<SearchIndex::Held> SearchIndex::hold() {
  std::unique_lock lock(mutex_);
  if (!db_ || distrusted_) return fail(Error::Code::NotFound, "text index is closed");
  return Held{std::move(lock), *db_, opened_};
}

void SearchIndex::distrust() {
  const std::lock_guard lock(mutex_);
  if (!distrusted_) log.warning("damaged text index is made again", {{"file", path_}});
  distrusted_ = true;
}

std::unique_ptr<TextLookup> SearchIndex::look_up(MailboxId mailbox,
                                                 const std::vector<TextKey>& keys) {
  return std::make_unique<SearchLookup>(shared_from_this(), mailbox, keys);
}

}  // namespace waxwing
