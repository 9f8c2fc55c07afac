#include "storage/sqlite.h"

#include <sqlite3.h>

#include "storage/disk.h"

namespace waxwing::sqlite {
namespace {

tl::unexpected<Error> database_error(int status, const char* text) {
  Error::Code code = Error::Code::Temporary;
  switch (status & 0xff) {
    case SQLITE_FULL: code = Error::Code::NoSpace; break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: code = Error::Code::Corrupt; break;
    case SQLITE_READONLY: code = Error::Code::ReadOnly; break;
    case SQLITE_CONSTRAINT: code = Error::Code::AlreadyExists; break;
    default: break;
  }
  return fail(code, std::string("sqlite: ") + text);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Statement::Statement(sqlite3* database, std::shared_ptr<const Shared> shared, std::string_view sql)
    : shared_(std::move(shared)) {
  sqlite3_stmt* statement = nullptr;
  status_ = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                               SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
}

Statement& Statement::bind(int position, std::int64_t value) {
  if (status_ == SQLITE_OK) status_ = sqlite3_bind_int64(statement_.get(), position, value);
  return *this;
}

Statement& Statement::bind(int position, std::string_view text) {
  if (status_ == SQLITE_OK) {
    status_ = sqlite3_bind_text(statement_.get(), position, text.empty() ? "" : text.data(),
                                static_cast<int>(text.size()), SQLITE_STATIC);
  }
  return *this;
}

Statement& Statement::bind_blob(int position, std::string_view bytes) {
  if (status_ == SQLITE_OK) {
    status_ = sqlite3_bind_blob(statement_.get(), position, bytes.empty() ? "" : bytes.data(),
                                static_cast<int>(bytes.size()), SQLITE_STATIC);
  }
  return *this;
}

bool Statement::step() {
  if (shared_ && shared_->not_begun) return false;
  if (status_ != SQLITE_OK && status_ != SQLITE_ROW) return false;
  status_ = sqlite3_step(statement_.get());
  return status_ == SQLITE_ROW;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string_view()
                          : std::string_view(static_cast<const char*>(bytes), size);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Outcome Statement::finish() {
  const int status = status_;
  if (statement_ == nullptr) return database_error(status, "the statement was not prepared");
  Outcome outcome;
  if (status != SQLITE_OK && status != SQLITE_ROW && status != SQLITE_DONE) {
    outcome = database_error(status, sqlite3_errmsg(sqlite3_db_handle(statement_.get())));
  }
  if (shared_->not_begun) outcome = fail(*shared_->not_begun);
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  status_ = SQLITE_OK;
  return outcome;
}

Outcome Statement::run() {
  while (step()) {
  }
  return finish();
}

Result<Database> Database::open(const std::string& path, Synchronous synchronous, Sharing sharing,
                                std::chrono::milliseconds patience) {
  sqlite3* handle = nullptr;
  // Our own locks give a connection to one thread at a time.
  const int status =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database;
  database.database_.reset(handle);
  if (status != SQLITE_OK) {
    return database_error(status, handle ? sqlite3_errmsg(handle) : sqlite3_errstr(status));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(patience.count()));
  // Before the first access, or there is shared memory already.
  if (sharing == Sharing::Exclusive) {
    if (auto set = database.execute("PRAGMA locking_mode=EXCLUSIVE"); !set)
      return fail(set.error());
  }
  auto set = database.execute(
      "PRAGMA journal_mode=WAL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1024;");
  if (!set) return fail(set.error());
  set = database.execute(synchronous == Synchronous::Full ? "PRAGMA synchronous=FULL"
                                                          : "PRAGMA synchronous=NORMAL");
  if (!set) return fail(set.error());
  return database;
}

Outcome Database::execute(const char* sql) {
  if (shared_->not_begun) return fail(*shared_->not_begun);
  const int status = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return database_error(status, sqlite3_errmsg(database_.get()));
  return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  Statement statement = prepare(sql);
  std::int64_t value = statement.step() ? statement.integer(0) : 0;
  if (auto done = statement.finish(); !done) return fail(done.error());
  return value;
}

std::int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(database_.get());
}

bool Database::is_sound() {
  Statement check = prepare("PRAGMA quick_check(1)");
  const bool sound = check.step() && check.text(0) == "ok";
  return check.finish() && sound;
}

Outcome Database::make_tables(const char* sql, std::int64_t version) {
  Transaction transaction(*this);
  if (auto done = execute(sql); !done) return done;
  auto done = execute(("PRAGMA user_version=" + std::to_string(version)).c_str());
  if (!done) return done;
  return transaction.commit();
}

Outcome remove_files(Disk& disk, const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    auto removed = disk.remove(path + suffix);
    if (!removed && removed.error().code != Error::Code::NotFound) return removed;
  }
  return {};
}

Transaction::Transaction(Database& database) : database_(database) {
  begun_ = database_.execute("BEGIN IMMEDIATE");
  open_ = begun_.has_value();
  if (open_ || database_.shared_->not_begun) return;
  database_.shared_->not_begun = begun_.error();
  barred_ = true;
}

Transaction::~Transaction() {
  if (open_) (void)database_.execute("ROLLBACK");
  if (barred_) database_.shared_->not_begun.reset();
}

Outcome Transaction::commit() {
  if (!begun_) return begun_;
  auto done = database_.execute("COMMIT");
  // After a failed COMMIT the transaction may still be open: the destructor ends it.
  if (done) open_ = false;
  return done;
}

}  // namespace waxwing::sqlite
