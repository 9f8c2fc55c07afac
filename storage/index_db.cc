#include "storage/index_db.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/log.h"
#include "storage/file_name.h"

namespace waxwing {
namespace {

// Any change makes a new number; an index of another number is thrown away and made again.
constexpr std::int64_t kIndexSchema = 1;
constexpr std::int64_t kLongLog = 200'000;

// Headers and messages stand apart from the rows: a view is loaded without passing over them, and
// readers of headers do not pass over the rest.
constexpr const char* kIndexTables =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE messages(key INTEGER PRIMARY KEY, size INTEGER NOT NULL,"
    "  internal_date INTEGER NOT NULL, save_date INTEGER NOT NULL, modseq INTEGER NOT NULL,"
    "  flags INTEGER NOT NULL, settled INTEGER NOT NULL, base TEXT NOT NULL);"
    "CREATE INDEX by_base ON messages(base);"
    "CREATE INDEX unsettled ON messages(key) WHERE flags <> settled;"
    "CREATE TABLE headers(key INTEGER PRIMARY KEY, is_whole INTEGER NOT NULL, header BLOB NOT "
    "NULL);"
    "CREATE TABLE parsed(key INTEGER PRIMARY KEY, message BLOB NOT NULL);"
    "CREATE TABLE expunged(key INTEGER PRIMARY KEY, modseq INTEGER NOT NULL,"
    "  how INTEGER NOT NULL);"
    "CREATE INDEX expunged_when ON expunged(modseq);"
    "CREATE TABLE recent(mailbox INTEGER PRIMARY KEY, uid INTEGER NOT NULL);";

// An index without them is as good as any. The key is that of the first message of the block.
constexpr const char* kExtracts =
    "CREATE TABLE IF NOT EXISTS extracts(key INTEGER NOT NULL, kind INTEGER NOT NULL,"
    "  messages INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(key, kind)) WITHOUT ROWID;";

constexpr const char* kEntryColumns =
    "SELECT key, size, internal_date, save_date, modseq, flags, settled, base FROM messages ";

std::int64_t stored(Flags flags) {
  return static_cast<std::int64_t>(flags.bits);
}
Flags loaded(std::int64_t bits) {
  return {static_cast<std::uint64_t>(bits)};
}

MessageRow read_row(const sqlite::Statement& select) {
  return {.uid = uid_of_key(select.integer(0)),
          .size = static_cast<std::uint32_t>(select.integer(1)),
          .internal_date = select.integer(2),
          .save_date = select.integer(3),
          .modseq = static_cast<ModSeq>(select.integer(4)),
          .flags = loaded(select.integer(5))};
}

Result<std::vector<Uid>> read_uids(sqlite::Statement& select) {
  std::vector<Uid> result;
  while (select.step()) result.push_back(uid_of_key(select.integer(0)));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

}  // namespace

std::string IndexEntry::file_name() const {
  return base + ":2," + flag_letters({settled.bits & kFlagsInNames});
}

Result<std::unique_ptr<IndexDb>> IndexDb::open(Disk& disk, const std::string& path,
                                               sqlite::Database::Synchronous synchronous) {
  auto database = sqlite::Database::open(path, synchronous, sqlite::Database::Sharing::Exclusive);
  if (database) {
    auto version = database->integer("PRAGMA user_version");
    if (version && *version == kIndexSchema) {
      // One that is older than extracts are gets a place for them.
      auto done = database->execute(kExtracts);
      if (!done && done.error().code != Error::Code::Corrupt) return fail(done.error());
      if (!done) version = fail(done.error());
    }
    if (version && *version == kIndexSchema) {
      return std::unique_ptr<IndexDb>(new IndexDb(std::move(*database)));
    }
    if (version && *version == 0) {
      auto tables = database->integer("SELECT count(*) FROM sqlite_master");
      if (tables && *tables != 0) version = fail(Error::Code::Corrupt, "half an index");
    }
    if (!version || *version != 0) {
      log.warning("index thrown away", {{"file", path}});
      database = fail(Error::Code::Corrupt, "index of another schema");
    }
  } else if (database.error().code != Error::Code::Corrupt) {
    return fail(database.error());
  }
  if (!database) {
    if (auto done = sqlite::remove_files(disk, path); !done) return fail(done.error());
    database = sqlite::Database::open(path, synchronous, sqlite::Database::Sharing::Exclusive);
    if (!database) return fail(database.error());
  }
  const std::string tables = std::string(kIndexTables) + kExtracts;
  if (auto done = database->make_tables(tables.c_str(), kIndexSchema); !done)
    return fail(done.error());
  std::unique_ptr<IndexDb> result(new IndexDb(std::move(*database)));
  result->is_new_ = true;
  return result;
}

IndexDb::IndexDb(sqlite::Database database) : database_(std::move(database)) {
  add_ = database_.prepare("INSERT INTO messages VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
  add_header_ = database_.prepare("INSERT OR REPLACE INTO headers VALUES(?, ?, ?)");
  add_message_ = database_.prepare("INSERT OR REPLACE INTO parsed VALUES(?, ?)");
  copy_header_ = database_.prepare(
      "INSERT OR REPLACE INTO headers SELECT ?, is_whole, header FROM headers WHERE key=?");
  copy_message_ =
      database_.prepare("INSERT OR REPLACE INTO parsed SELECT ?, message FROM parsed WHERE key=?");
  set_flags_ = database_.prepare("UPDATE messages SET flags=?, modseq=? WHERE key BETWEEN ? AND ?");
  set_file_ = database_.prepare("UPDATE messages SET base=?, settled=? WHERE key=?");
  remove_ = database_.prepare("DELETE FROM messages WHERE key=?");
  remove_header_ = database_.prepare("DELETE FROM headers WHERE key=?");
  remove_message_ = database_.prepare("DELETE FROM parsed WHERE key=?");
  log_ = database_.prepare("INSERT OR REPLACE INTO expunged VALUES(?, ?, ?)");
  entry_ = database_.prepare(std::string(kEntryColumns) + "WHERE key=?");
  entries_from_ = database_.prepare(std::string(kEntryColumns) +
                                    "WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?");
  newest_row_ = database_.prepare("SELECT max(key) FROM messages WHERE key BETWEEN ? AND ?");
  newest_expunged_ = database_.prepare("SELECT max(key) FROM expunged WHERE key BETWEEN ? AND ?");
  read_headers_ = database_.prepare(
      "SELECT key, is_whole, header FROM headers WHERE key BETWEEN ? AND ? ORDER BY key");
  set_extract_ = database_.prepare("INSERT OR REPLACE INTO extracts VALUES(?, ?, ?, ?)");
  extracts_ = database_.prepare(
      "SELECT key, messages, bytes FROM extracts WHERE key BETWEEN ? AND ? AND kind=? ORDER BY "
      "key");
  read_all_ = database_.prepare(
      "SELECT headers.key, is_whole, header, message FROM headers JOIN parsed USING(key)"
      " WHERE headers.key BETWEEN ? AND ? ORDER BY headers.key");
}

Result<std::string> IndexDb::state() {
  auto select = database_.prepare("SELECT value FROM meta WHERE name='state'");
  std::string state = select.step() ? std::string(select.text(0)) : std::string();
  if (auto done = select.finish(); !done) return fail(done.error());
  return state;
}

Outcome IndexDb::set_state(const std::string& state) {
  return database_.prepare("INSERT OR REPLACE INTO meta VALUES('state', ?)").bind(1, state).run();
}

Result<ModSeq> IndexDb::log_start() {
  auto start = database_.integer("SELECT value FROM meta WHERE name='log_start'");
  if (!start) return fail(start.error());
  return std::max<ModSeq>(1, static_cast<ModSeq>(*start));
}

Outcome IndexDb::set_log_start(ModSeq modseq) {
  auto set = database_.prepare("INSERT OR REPLACE INTO meta VALUES('log_start', ?)");
  return set.bind(1, static_cast<std::int64_t>(modseq)).run();
}

Result<std::pair<std::string, std::int64_t>> IndexDb::text_generation() {
  std::string lineage;
  std::int64_t number = 0;
  auto select = database_.prepare(
      "SELECT (SELECT value FROM meta WHERE name='text_lineage'),"
      " (SELECT value FROM meta WHERE name='text_generation')");
  if (select.step()) {
    lineage = select.text(0);
    number = select.integer(1);
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  if (!lineage.empty()) return std::pair(std::move(lineage), number);
  lineage = hex(random_bytes(16));
  auto set = database_.prepare("INSERT OR REPLACE INTO meta VALUES('text_lineage', ?)");
  if (auto done = set.bind(1, lineage).run(); !done) return fail(done.error());
  return std::pair(std::move(lineage), number);
}

Result<std::pair<std::string, std::int64_t>> IndexDb::next_text_generation() {
  auto generation = text_generation();
  if (!generation) return generation;
  auto set = database_.prepare("INSERT OR REPLACE INTO meta VALUES('text_generation', ?)");
  if (auto done = set.bind(1, ++generation->second).run(); !done) return fail(done.error());
  return generation;
}

Outcome IndexDb::add(MailboxId mailbox, const IndexEntry& entry) {
  return add_.bind(1, message_key(mailbox, entry.row.uid))
      .bind(2, std::int64_t{entry.row.size})
      .bind(3, entry.row.internal_date)
      .bind(4, entry.row.save_date)
      .bind(5, static_cast<std::int64_t>(entry.row.modseq))
      .bind(6, stored(entry.row.flags))
      .bind(7, stored(entry.settled))
      .bind(8, entry.base)
      .run();
}

Outcome IndexDb::set_parsed(MailboxId mailbox, Uid uid, const Parsed& parsed) {
  const std::int64_t key = message_key(mailbox, uid);
  auto done = add_header_.bind(1, key)
                  .bind(2, std::int64_t{parsed.header_is_whole})
                  .bind_blob(3, parsed.header)
                  .run();
  if (!done) return done;
  return add_message_.bind(1, key).bind_blob(2, parsed.message).run();
}

Outcome IndexDb::copy_parsed(std::int64_t from, MailboxId mailbox, Uid uid) {
  const std::int64_t key = message_key(mailbox, uid);
  if (auto done = copy_header_.bind(1, key).bind(2, from).run(); !done) return done;
  return copy_message_.bind(1, key).bind(2, from).run();
}

Outcome IndexDb::set_extract(MailboxId mailbox, int kind, const Extract& extract) {
  return set_extract_.bind(1, message_key(mailbox, extract.block * Extract::kSpan))
      .bind(2, std::int64_t{kind})
      .bind(3, std::int64_t{extract.messages})
      .bind_blob(4, extract.bytes)
      .run();
}

Result<std::vector<Extract>> IndexDb::extracts(MailboxId mailbox, int kind, Uid first, Uid last) {
  std::vector<Extract> result;
  extracts_.bind(1, message_key(mailbox, first * Extract::kSpan))
      .bind(2, message_key(mailbox, last * Extract::kSpan))
      .bind(3, std::int64_t{kind});
  while (extracts_.step()) {
    result.push_back({uid_of_key(extracts_.integer(0)) / Extract::kSpan,
                      static_cast<std::uint32_t>(extracts_.integer(1)),
                      std::string(extracts_.text(2))});
  }
  if (auto done = extracts_.finish(); !done) return fail(done.error());
  return result;
}

Outcome IndexDb::trim_extracts() {
  if (!has_expunged_) return {};
  has_expunged_ = false;
  static_assert(Extract::kSpan == 256);
  return database_.execute(
      "DELETE FROM extracts WHERE 2 * (SELECT count(*) FROM messages"
      "  WHERE messages.key BETWEEN extracts.key AND extracts.key + 255) < messages");
}

Outcome IndexDb::set_flags(MailboxId mailbox, Uid first, Uid last, Flags flags, ModSeq modseq) {
  return set_flags_.bind(1, stored(flags))
      .bind(2, static_cast<std::int64_t>(modseq))
      .bind(3, message_key(mailbox, first))
      .bind(4, message_key(mailbox, last))
      .run();
}

Outcome IndexDb::set_file(MailboxId mailbox, Uid uid, std::string_view base, Flags settled) {
  return set_file_.bind(1, base).bind(2, stored(settled)).bind(3, message_key(mailbox, uid)).run();
}

Outcome IndexDb::expunge(MailboxId mailbox, Uid uid, ModSeq modseq, Expunged how) {
  has_expunged_ = true;
  const std::int64_t key = message_key(mailbox, uid);
  for (sqlite::Statement* statement : {&remove_, &remove_header_, &remove_message_}) {
    if (auto done = statement->bind(1, key).run(); !done) return done;
  }
  return log_.bind(1, key)
      .bind(2, static_cast<std::int64_t>(modseq))
      .bind(3, static_cast<std::int64_t>(how))
      .run();
}

Outcome IndexDb::remove_mailbox(MailboxId mailbox) {
  sqlite::Transaction transaction(database_);
  for (const char* table : {"messages", "headers", "parsed", "expunged", "extracts"}) {
    auto remove =
        database_.prepare("DELETE FROM " + std::string(table) + " WHERE key BETWEEN ? AND ?");
    auto done = remove.bind(1, first_key(mailbox)).bind(2, last_key(mailbox)).run();
    if (!done) return done;
  }
  return transaction.commit();
}

Outcome IndexDb::set_recent(MailboxId mailbox, Uid uid) {
  auto set = database_.prepare("INSERT OR REPLACE INTO recent VALUES(?, ?)");
  return set.bind(1, mailbox.value).bind(2, std::int64_t{uid}).run();
}

Outcome IndexDb::trim_log() {
  auto count = database_.integer("SELECT count(*) FROM expunged");
  if (!count) return fail(count.error());
  if (*count <= kLongLog) return {};
  auto middle = database_.integer("SELECT modseq FROM expunged ORDER BY modseq LIMIT 1 OFFSET " +
                                  std::to_string(*count / 2));
  if (!middle) return fail(middle.error());
  sqlite::Transaction transaction(database_);
  auto remove = database_.prepare("DELETE FROM expunged WHERE modseq <= ?");
  if (auto done = remove.bind(1, *middle).run(); !done) return done;
  if (auto done = set_log_start(static_cast<ModSeq>(*middle)); !done) return done;
  return transaction.commit();
}

Result<IndexDb::Loaded> IndexDb::load(MailboxId mailbox) {
  Loaded result;
  auto start = log_start();
  if (!start) return fail(start.error());
  result.highest_modseq = *start;
  auto select = database_.prepare(
      "SELECT key, size, internal_date, save_date, modseq, flags FROM messages"
      " WHERE key BETWEEN ? AND ? ORDER BY key");
  select.bind(1, first_key(mailbox)).bind(2, last_key(mailbox));
  while (select.step()) {
    result.rows.push_back(read_row(select));
    result.highest_modseq = std::max(result.highest_modseq, result.rows.back().modseq);
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  auto log = database_.prepare("SELECT max(modseq) FROM expunged WHERE key BETWEEN ? AND ?");
  log.bind(1, first_key(mailbox)).bind(2, last_key(mailbox));
  if (log.step())
    result.highest_modseq = std::max(result.highest_modseq, static_cast<ModSeq>(log.integer(0)));
  if (auto done = log.finish(); !done) return fail(done.error());
  auto recent = database_.prepare("SELECT uid FROM recent WHERE mailbox=?");
  if (recent.bind(1, mailbox.value).step()) result.recent = static_cast<Uid>(recent.integer(0));
  if (auto done = recent.finish(); !done) return fail(done.error());
  return result;
}

IndexEntry IndexDb::read_entry(sqlite::Statement& select) const {
  return {read_row(select), std::string(select.text(7)), loaded(select.integer(6))};
}

Result<std::vector<IndexEntry>> IndexDb::entries(MailboxId mailbox) {
  std::vector<IndexEntry> result;
  auto select =
      database_.prepare(std::string(kEntryColumns) + "WHERE key BETWEEN ? AND ? ORDER BY key");
  select.bind(1, first_key(mailbox)).bind(2, last_key(mailbox));
  while (select.step()) result.push_back(read_entry(select));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Result<IndexEntry> IndexDb::entry(MailboxId mailbox, Uid uid) {
  std::optional<IndexEntry> found;
  if (entry_.bind(1, message_key(mailbox, uid)).step()) found = read_entry(entry_);
  if (auto done = entry_.finish(); !done) return fail(done.error());
  if (!found) return fail(Error::Code::NotFound, "no message with UID " + std::to_string(uid));
  return std::move(*found);
}

Result<std::vector<IndexEntry>> IndexDb::entries_from(MailboxId mailbox, Uid first,
                                                      std::size_t count) {
  std::vector<IndexEntry> result;
  result.reserve(count);
  entries_from_.bind(1, message_key(mailbox, first))
      .bind(2, last_key(mailbox))
      .bind(3, static_cast<std::int64_t>(count));
  while (entries_from_.step()) result.push_back(read_entry(entries_from_));
  if (auto done = entries_from_.finish(); !done) return fail(done.error());
  return result;
}

Result<Uid> IndexDb::next_uid(MailboxId mailbox) {
  Uid next = 1;
  for (sqlite::Statement* newest : {&newest_row_, &newest_expunged_}) {
    newest->bind(1, first_key(mailbox)).bind(2, last_key(mailbox));
    if (newest->step() && !newest->is_null(0))
      next = std::max(next, uid_of_key(newest->integer(0)) + 1);
    if (auto done = newest->finish(); !done) return fail(done.error());
  }
  return next;
}

Result<ModSeq> IndexDb::highest_modseq() {
  auto highest = database_.integer(
      "SELECT max(ifnull((SELECT max(modseq) FROM messages), 1),"
      " ifnull((SELECT max(modseq) FROM expunged), 1))");
  if (!highest) return fail(highest.error());
  return static_cast<ModSeq>(*highest);
}

Result<std::vector<IndexEntry>> IndexDb::find_unique(MailboxId mailbox, std::string_view unique) {
  std::vector<IndexEntry> result;
  auto select = database_.prepare(std::string(kEntryColumns) +
                                  "WHERE base >= ? AND base < ? AND key BETWEEN ? AND ?");
  const std::string first = std::string(unique) + ",", last = std::string(unique) + "-";
  select.bind(1, first).bind(2, last).bind(3, first_key(mailbox)).bind(4, last_key(mailbox));
  while (select.step()) result.push_back(read_entry(select));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Result<std::vector<IndexEntry>> IndexDb::unsettled(MailboxId mailbox, std::size_t limit) {
  std::vector<IndexEntry> result;
  auto select = database_.prepare(std::string(kEntryColumns) +
                                  "WHERE flags <> settled AND key BETWEEN ? AND ? LIMIT ?");
  select.bind(1, first_key(mailbox))
      .bind(2, last_key(mailbox))
      .bind(3, static_cast<std::int64_t>(limit));
  while (select.step()) result.push_back(read_entry(select));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Result<std::vector<Uid>> IndexDb::unparsed(MailboxId mailbox, std::size_t limit) {
  auto select = database_.prepare(
      "SELECT key FROM messages WHERE key BETWEEN ? AND ?"
      " AND NOT EXISTS(SELECT 1 FROM parsed WHERE parsed.key=messages.key) ORDER BY key LIMIT ?");
  select.bind(1, first_key(mailbox))
      .bind(2, last_key(mailbox))
      .bind(3, static_cast<std::int64_t>(limit));
  return read_uids(select);
}

Result<IndexDb::Expunged> IndexDb::was_expunged(MailboxId mailbox, Uid uid) {
  auto select = database_.prepare("SELECT how FROM expunged WHERE key=?");
  Expunged how = Expunged::No;
  if (select.bind(1, message_key(mailbox, uid)).step())
    how = static_cast<Expunged>(select.integer(0));
  if (auto done = select.finish(); !done) return fail(done.error());
  return how;
}

Result<std::vector<Uid>> IndexDb::expunged_since(MailboxId mailbox, ModSeq modseq) {
  auto select = database_.prepare(
      "SELECT key FROM expunged WHERE modseq > ? AND key BETWEEN ? AND ? ORDER BY key");
  select.bind(1, static_cast<std::int64_t>(modseq))
      .bind(2, first_key(mailbox))
      .bind(3, last_key(mailbox));
  return read_uids(select);
}

Outcome IndexDb::read_range(MailboxId mailbox, Uid first, Uid last, Mailbox::Fields fields,
                            const std::function<bool(Uid, Parsed&&)>& visit) {
  const bool all = fields != Mailbox::Fields::Header;
  sqlite::Statement& select = all ? read_all_ : read_headers_;
  select.bind(1, message_key(mailbox, first)).bind(2, message_key(mailbox, last));
  while (select.step()) {
    Parsed parsed{std::string(select.text(2)), select.integer(1) != 0,
                  all ? std::string(select.text(3)) : std::string()};
    if (!visit(uid_of_key(select.integer(0)), std::move(parsed))) break;
  }
  return select.finish();
}

Result<IndexDb::Totals> IndexDb::totals() {
  auto select = database_.prepare("SELECT count(*), sum(size) FROM messages");
  Totals totals;
  if (select.step()) {
    totals.messages = static_cast<std::uint64_t>(select.integer(0));
    totals.bytes = static_cast<std::uint64_t>(select.integer(1));
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  return totals;
}

}  // namespace waxwing
