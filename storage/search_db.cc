#include "storage/search_db.h"

#include <algorithm>

#include "base/log.h"
#include "storage/account_db.h"

namespace waxwing {
namespace {

// Any change of what is stored, or of what words are and what there is to search in a message.
constexpr std::int64_t kSearchSchema = 2;

constexpr const char* kSearchTables =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE blocks(block INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
    "  count INTEGER NOT NULL, documents INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    "  is_merged INTEGER NOT NULL);"
    "CREATE INDEX blocks_by_first ON blocks(first);"
    "CREATE TABLE replaced(block INTEGER PRIMARY KEY);"
    "CREATE TABLE words(key INTEGER PRIMARY KEY, text BLOB NOT NULL, lists BLOB NOT NULL);"
    "CREATE TABLE trigrams(key INTEGER PRIMARY KEY, lists BLOB NOT NULL);"
    "CREATE TABLE documents(email_id TEXT PRIMARY KEY, document INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE ranges(key INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
    "  document INTEGER NOT NULL);";

// Rows of blocks: block, area and number in one.
constexpr int kAreaShift = 24, kBlockShift = 25;
constexpr std::int64_t kSweepRows = 64;

std::int64_t row_key(const SearchDb::Block& block, SearchArea area, std::size_t number) {
  return block.id << kBlockShift | static_cast<std::int64_t>(area) << kAreaShift |
         static_cast<std::int64_t>(number);
}
std::int64_t last_row_key(std::int64_t block) {
  return ((block + 1) << kBlockShift) - 1;
}

SearchDb::Block read_block(const sqlite::Statement& select) {
  return {select.integer(0), select.integer(1), select.integer(2),
          select.integer(3), select.integer(4), select.integer(5) != 0};
}

}  // namespace

Outcome SearchDb::remove(Disk& disk, const std::string& path) {
  return sqlite::remove_files(disk, path);
}

Result<std::unique_ptr<SearchDb>> SearchDb::open(Disk& disk, const std::string& path,
                                                 const Generation& generation) {
  auto existing = open_existing(path, generation);
  if (existing || existing.error().code != Error::Code::Corrupt) return existing;
  if (auto done = remove(disk, path); !done) return fail(done.error());
  auto database = sqlite::Database::open(path, sqlite::Database::Synchronous::Normal,
                                         sqlite::Database::Sharing::Exclusive);
  if (!database) return fail(database.error());
  if (auto done = database->make_tables(kSearchTables, kSearchSchema); !done)
    return fail(done.error());
  std::unique_ptr<SearchDb> result(new SearchDb(std::move(*database)));
  if (auto done = result->set_generation(generation); !done) return fail(done.error());
  return result;
}

// Corrupt: of no use.
Result<std::unique_ptr<SearchDb>> SearchDb::open_existing(const std::string& path,
                                                          const Generation& generation) {
  auto database = sqlite::Database::open(path, sqlite::Database::Synchronous::Normal,
                                         sqlite::Database::Sharing::Exclusive);
  if (!database) return fail(database.error());
  auto version = database->integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (*version != kSearchSchema) return fail(Error::Code::Corrupt, "text index of another version");
  std::unique_ptr<SearchDb> result(new SearchDb(std::move(*database)));
  auto select = result->database_.prepare(
      "SELECT (SELECT value FROM meta WHERE name='lineage'),"
      " (SELECT value FROM meta WHERE name='generation')");
  const bool is_known = select.step() && select.text(0) == generation.lineage &&
                        select.integer(1) <= generation.number;
  if (auto done = select.finish(); !done) return fail(done.error());
  if (!is_known) return fail(Error::Code::Corrupt, "text index of another index");
  // What a crash left of blocks that were not finished.
  for (const char* table : {"words", "trigrams"}) {
    auto newest = result->database_.integer("SELECT max(block) FROM blocks");
    if (!newest) return fail(newest.error());
    auto remove = result->database_.prepare("DELETE FROM " + std::string(table) + " WHERE key > ?");
    if (auto done = remove.bind(1, last_row_key(*newest)).run(); !done) return fail(done.error());
  }
  return result;
}

SearchDb::SearchDb(sqlite::Database database) : database_(std::move(database)) {
  block_from_ = database_.prepare(
      "SELECT block, first, count, documents, bytes, is_merged FROM blocks WHERE first + count > ?"
      " ORDER BY first LIMIT 1");
  read_chunks_ = database_.prepare("SELECT key, text FROM words WHERE key BETWEEN ? AND ?");
  lists_ = database_.prepare("SELECT lists FROM words WHERE key=?");
  chunk_ = database_.prepare("SELECT text, lists FROM words WHERE key=?");
  bucket_ = database_.prepare("SELECT lists FROM trigrams WHERE key=?");
  find_document_ = database_.prepare("SELECT document FROM documents WHERE email_id=?");
  ranges_ = database_.prepare(
      "SELECT key, count, document FROM ranges WHERE key BETWEEN ? AND ? ORDER BY key");
}

Outcome SearchDb::set_generation(const Generation& generation) {
  auto set = database_.prepare("INSERT OR REPLACE INTO meta VALUES(?, ?)");
  auto done = set.bind(1, std::string_view("lineage")).bind(2, generation.lineage).run();
  if (!done) return done;
  return set.bind(1, std::string_view("generation")).bind(2, generation.number).run();
}

Result<std::vector<SearchDb::Block>> SearchDb::blocks() {
  std::vector<Block> result;
  auto select = database_.prepare(
      "SELECT block, first, count, documents, bytes, is_merged FROM blocks ORDER BY first");
  while (select.step()) result.push_back(read_block(select));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Result<std::optional<SearchDb::Block>> SearchDb::block_from(std::int64_t document) {
  std::optional<Block> result;
  if (block_from_.bind(1, document).step()) result = read_block(block_from_);
  if (auto done = block_from_.finish(); !done) return fail(done.error());
  return result;
}

Result<std::int64_t> SearchDb::next_document() {
  auto next = database_.integer("SELECT max(first + count) FROM blocks");
  if (!next) return fail(next.error());
  return std::max<std::int64_t>(1, *next);
}

Result<std::vector<SearchDb::Range>> SearchDb::ranges(MailboxId mailbox) {
  std::vector<Range> result;
  ranges_.bind(1, message_key(mailbox, 0)).bind(2, message_key(mailbox, UINT32_MAX));
  while (ranges_.step()) {
    result.push_back({uid_of_key(ranges_.integer(0)),
                      static_cast<std::uint32_t>(ranges_.integer(1)), ranges_.integer(2)});
  }
  if (auto done = ranges_.finish(); !done) return fail(done.error());
  return result;
}

Result<std::vector<MailboxId>> SearchDb::mailboxes() {
  std::vector<MailboxId> result;
  auto select = database_.prepare("SELECT DISTINCT key >> 32 FROM ranges");
  while (select.step()) result.push_back({select.integer(0)});
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Result<std::int64_t> SearchDb::find_document(std::string_view email_id) {
  std::int64_t document = 0;
  if (find_document_.bind(1, email_id).step()) document = find_document_.integer(0);
  if (auto done = find_document_.finish(); !done) return fail(done.error());
  return document;
}

Outcome SearchDb::read_chunks(
    const Block& block, SearchArea area,
    const std::function<void(std::int64_t key, std::string_view text)>& visit) {
  const std::size_t last = (std::size_t{1} << kAreaShift) - 1;
  read_chunks_.bind(1, row_key(block, area, 0)).bind(2, row_key(block, area, last));
  while (read_chunks_.step()) visit(read_chunks_.integer(0), read_chunks_.text(1));
  return read_chunks_.finish();
}

Result<std::string> SearchDb::lists(std::int64_t key) {
  std::string lists;
  if (lists_.bind(1, key).step()) lists = lists_.text(0);
  if (auto done = lists_.finish(); !done) return fail(done.error());
  return lists;
}

Result<WordChunk> SearchDb::chunk(const Block& block, SearchArea area, std::size_t number) {
  WordChunk chunk;
  if (chunk_.bind(1, row_key(block, area, number)).step()) {
    chunk = {std::string(chunk_.text(0)), std::string(chunk_.text(1))};
  }
  if (auto done = chunk_.finish(); !done) return fail(done.error());
  return chunk;
}

Result<std::string> SearchDb::bucket(const Block& block, SearchArea area, std::size_t number) {
  std::string lists;
  if (bucket_.bind(1, row_key(block, area, number)).step()) lists = bucket_.text(0);
  if (auto done = bucket_.finish(); !done) return fail(done.error());
  return lists;
}

Result<SearchDb::Block> SearchDb::new_block() {
  auto newest = database_.integer(
      "SELECT max(ifnull((SELECT max(block) FROM blocks), 0),"
      " ifnull((SELECT max(block) FROM replaced), 0))");
  if (!newest) return fail(newest.error());
  const Block block{.id = *newest + 1};
  // What an error left of the last try.
  for (const char* table : {"words", "trigrams"}) {
    auto remove =
        database_.prepare("DELETE FROM " + std::string(table) + " WHERE key BETWEEN ? AND ?");
    remove.bind(1, block.id << kBlockShift).bind(2, last_row_key(block.id));
    if (auto done = remove.run(); !done) return fail(done.error());
  }
  return block;
}

Outcome SearchDb::add_chunk(const Block& block, SearchArea area, std::size_t number,
                            const WordChunk& chunk) {
  return database_.prepare("INSERT INTO words VALUES(?, ?, ?)")
      .bind(1, row_key(block, area, number))
      .bind_blob(2, chunk.text)
      .bind_blob(3, chunk.lists)
      .run();
}

Outcome SearchDb::add_bucket(const Block& block, SearchArea area, std::size_t number,
                             const std::string& lists) {
  return database_.prepare("INSERT INTO trigrams VALUES(?, ?)")
      .bind(1, row_key(block, area, number))
      .bind_blob(2, lists)
      .run();
}

namespace {

Outcome insert(sqlite::Database& database, const SearchDb::Block& block) {
  return database.prepare("INSERT INTO blocks VALUES(?, ?, ?, ?, ?, ?)")
      .bind(1, block.id)
      .bind(2, block.first)
      .bind(3, block.count)
      .bind(4, block.documents)
      .bind(5, block.bytes)
      .bind(6, std::int64_t{block.is_merged})
      .run();
}

}  // namespace

Outcome SearchDb::add(const Block& block, const std::vector<NewDocument>& documents,
                      const std::vector<NewRange>& ranges, const Generation& generation) {
  sqlite::Transaction transaction(database_);
  if (block.count > 0) {
    if (auto done = insert(database_, block); !done) return done;
  }
  auto add_document = database_.prepare("INSERT OR REPLACE INTO documents VALUES(?, ?)");
  for (const auto& [email_id, document] : documents) {
    auto done = add_document.bind(1, email_id).bind(2, document).run();
    if (!done) return done;
  }
  auto add_range = database_.prepare("INSERT OR REPLACE INTO ranges VALUES(?, ?, ?)");
  for (const auto& [mailbox, range] : ranges) {
    auto done = add_range.bind(1, message_key(mailbox, range.first))
                    .bind(2, std::int64_t{range.count})
                    .bind(3, range.document)
                    .run();
    if (!done) return done;
  }
  if (auto done = set_generation(generation); !done) return done;
  return transaction.commit();
}

Outcome SearchDb::replace(const std::vector<Block>& old, const Block& block,
                          const std::vector<bool>& is_live) {
  std::vector<std::string> dead;
  auto select =
      database_.prepare("SELECT email_id, document FROM documents WHERE document BETWEEN ? AND ?");
  select.bind(1, block.first).bind(2, block.end() - 1);
  while (select.step()) {
    if (!is_live[static_cast<std::size_t>(select.integer(1) - block.first)]) {
      dead.emplace_back(select.text(0));
    }
  }
  if (auto done = select.finish(); !done) return done;

  sqlite::Transaction transaction(database_);
  auto remove = database_.prepare("DELETE FROM blocks WHERE block=?");
  auto note = database_.prepare("INSERT INTO replaced VALUES(?)");
  for (const Block& each : old) {
    if (auto done = remove.bind(1, each.id).run(); !done) return done;
    if (auto done = note.bind(1, each.id).run(); !done) return done;
  }
  if (auto done = insert(database_, block); !done) return done;
  auto forget = database_.prepare("DELETE FROM documents WHERE email_id=?");
  for (const auto& email_id : dead) {
    if (auto done = forget.bind(1, email_id).run(); !done) return done;
  }
  return transaction.commit();
}

Result<bool> SearchDb::sweep() {
  auto block = database_.integer("SELECT min(block) FROM replaced");
  if (!block) return fail(block.error());
  if (*block == 0) return true;
  bool is_clean = true;
  for (const char* table : {"words", "trigrams"}) {
    auto remove =
        database_.prepare("DELETE FROM " + std::string(table) + " WHERE key IN (SELECT key FROM " +
                          table + " WHERE key BETWEEN ? AND ? LIMIT ?) RETURNING 1");
    remove.bind(1, *block << kBlockShift).bind(2, last_row_key(*block)).bind(3, kSweepRows);
    while (remove.step()) is_clean = false;
    if (auto done = remove.finish(); !done) return fail(done.error());
  }
  if (!is_clean) return false;
  auto done = database_.prepare("DELETE FROM replaced WHERE block=?").bind(1, *block).run();
  if (!done) return fail(done.error());
  return false;
}

Outcome SearchDb::forget(MailboxId mailbox, const std::vector<Range>& ranges) {
  sqlite::Transaction transaction(database_);
  auto remove = database_.prepare("DELETE FROM ranges WHERE key=?");
  for (const Range& range : ranges) {
    auto done = remove.bind(1, message_key(mailbox, range.first)).run();
    if (!done) return done;
  }
  return transaction.commit();
}

Outcome SearchDb::forget(MailboxId mailbox) {
  return database_.prepare("DELETE FROM ranges WHERE key BETWEEN ? AND ?")
      .bind(1, message_key(mailbox, 0))
      .bind(2, message_key(mailbox, UINT32_MAX))
      .run();
}

}  // namespace waxwing
