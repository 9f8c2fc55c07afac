#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/text.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite as the directory uses it. Its own namespace: storage/ has a wrapper with other needs.
namespace waxwing::directory_sql {

class Database;

// Bytes, where a string_view alone would be stored as text.
struct Blob {
  std::string_view bytes;
};

// A prepared statement in use; given back to its connection when it goes.
//   auto query = database.query("SELECT name FROM domains WHERE name = ?", name);
//   bool found = query.row();
//   if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
// Held by one thread at a time, as its Database.
class Query {
 public:
  ~Query();
  Query(Query&& other) noexcept
      : database_(other.database_),
        statement_(std::exchange(other.statement_, nullptr)),
        state_(other.state_) {}
  Query& operator=(Query&&) = delete;

  // Steps to the next row; false at the end, and on an error that finish() then reports.
  bool row();
  // Runs what is left and says how it went.
  Outcome finish();

  std::int64_t integer(int column) const;
  std::string text(int column) const;                // text or blob
  std::vector<std::string> words(int column) const;  // of a text, between blanks
  bool is_null(int column) const;

 private:
  friend class Database;
  Query(Database& database, sqlite3_stmt* statement);
  void bind(int index, std::int64_t value);
  void bind(int index, const std::optional<std::int64_t>& value);  // nothing: NULL
  void bind(int index, std::string_view value);
  void bind(int index, Blob value);

  Database& database_;
  sqlite3_stmt* statement_;
  int state_;
};

// One connection. Held by one thread at a time.
class Database {
 public:
  // Creates the file, readable by its owner only, when it is not there. Every commit is durable.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Outcome execute(const char* sql);
  // Values are bound to the "?" in order. Each text is prepared once per connection.
  template <class... Values>
  Query query(std::string_view sql, const Values&... values) {
    Query query(*this, prepare(sql));
    if (query.statement_ != nullptr) {
      int index = 0;
      (query.bind(++index, values), ...);
    }
    return query;
  }
  // query(...).finish()
  template <class... Values>
  Outcome run(std::string_view sql, const Values&... values) {
    return query(sql, values...).finish();
  }
  std::int64_t last_row() const;
  int changed_rows() const;
  // What the last call complained about.
  Error error() const;

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3_stmt* prepare(std::string_view sql);

  sqlite3* handle_;
  std::unordered_map<std::string, sqlite3_stmt*, StringHash, std::equal_to<>> statements_;
};

// BEGIN IMMEDIATE, and ROLLBACK unless commit() was reached.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Outcome begin();
  Outcome commit();

 private:
  Database& database_;
  bool open_ = false;
};

// Connections to one file, lent to one thread at a time. Any thread.
class Pool {
 public:
  explicit Pool(std::string path) : path_(std::move(path)) {}

  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Database> database)
        : pool_(&pool), database_(std::move(database)) {}
    ~Lease() {
      if (database_) pool_->give_back(std::move(database_));
    }
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    Database& operator*() const { return *database_; }
    Database* operator->() const { return database_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Database> database_;
  };
  Result<Lease> lease();

 private:
  void give_back(std::unique_ptr<Database> database);

  const std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Database>> idle_;
};

}  // namespace waxwing::directory_sql
