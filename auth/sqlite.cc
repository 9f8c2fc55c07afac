#include "auth/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace waxwing::directory_sql {
namespace {

// More idle connections than threads that check passwords or route mail at one time are of no use.
constexpr std::size_t kMaxIdle = 16;
constexpr int kBusyMilliseconds = 10'000;

}  // namespace

Query::Query(Database& database, sqlite3_stmt* statement)
    : database_(database), statement_(statement), state_(statement ? SQLITE_OK : SQLITE_ERROR) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);  // they may be secrets, and must not outlive their owner
}

bool Query::row() {
  if (state_ != SQLITE_OK && state_ != SQLITE_ROW) return false;
  state_ = sqlite3_step(statement_);
  return state_ == SQLITE_ROW;
}

Outcome Query::finish() {
  while (row()) {
  }
  if (state_ != SQLITE_DONE) return fail(database_.error());
  return {};
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::vector<std::string> Query::words(int column) const {
  const std::string all = text(column);
  const auto found = waxwing::words(all);
  return {found.begin(), found.end()};
}

std::string Query::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes ? std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))
               : std::string();
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Query::bind(int index, std::int64_t value) {
  if (state_ == SQLITE_OK) state_ = sqlite3_bind_int64(statement_, index, value);
}

void Query::bind(int index, const std::optional<std::int64_t>& value) {
  if (value) return bind(index, *value);
  if (state_ == SQLITE_OK) state_ = sqlite3_bind_null(statement_, index);
}

void Query::bind(int index, std::string_view value) {
  if (state_ != SQLITE_OK) return;
  // A null pointer would bind NULL, not the empty text.
  state_ = sqlite3_bind_text64(statement_, index, value.data() ? value.data() : "", value.size(),
                               SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Query::bind(int index, Blob value) {
  if (state_ != SQLITE_OK) return;
  state_ = sqlite3_bind_blob64(statement_, index, value.bytes.data() ? value.bytes.data() : "",
                               value.bytes.size(), SQLITE_TRANSIENT);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  // SQLite would create it readable for all.
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(Error::Code::Temporary, path + ": " + std::strerror(errno));
  ::close(fd);

  sqlite3* handle = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (opened != SQLITE_OK) return fail(database->error());
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  sqlite3_extended_result_codes(handle, 1);
  auto outcome = database->execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
      "PRAGMA secure_delete = ON");
  if (!outcome) return fail(outcome.error());
  return database;
}

Database::~Database() {
  for (auto& [text, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Outcome Database::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return fail(error());
  return {};
}

std::int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(handle_);
}
int Database::changed_rows() const {
  return sqlite3_changes(handle_);
}

Error Database::error() const {
  auto code = Error::Code::Temporary;
  switch (sqlite3_errcode(handle_) & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: code = Error::Code::Corrupt; break;
    case SQLITE_FULL: code = Error::Code::NoSpace; break;
    case SQLITE_READONLY: code = Error::Code::ReadOnly; break;
    case SQLITE_CONSTRAINT: code = Error::Code::AlreadyExists; break;
    default: break;
  }
  return Error{code, std::string("directory.sqlite: ") + sqlite3_errmsg(handle_)};
}

sqlite3_stmt* Database::prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return nullptr;
  }
  statements_.emplace(sql, statement);
  return statement;
}

Transaction::~Transaction() {
  if (open_) (void)database_.execute("ROLLBACK");
}

Outcome Transaction::begin() {
  // IMMEDIATE: a reader that turns writer half-way could not wait for another writer.
  auto outcome = database_.execute("BEGIN IMMEDIATE");
  open_ = outcome.has_value();
  return outcome;
}

Outcome Transaction::commit() {
  auto outcome = database_.execute("COMMIT");
  if (outcome) open_ = false;
  return outcome;
}

Result<Pool::Lease> Pool::lease() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto database = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(database));
    }
  }
  auto database = Database::open(path_);
  if (!database) return fail(database.error());
  return Lease(*this, std::move(*database));
}

void Pool::give_back(std::unique_ptr<Database> database) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(database));
}

}  // namespace waxwing::directory_sql
