#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace waxwing {
class Disk;
}

namespace waxwing::sqlite {

// What the statements of one database share.
struct Shared {
  // Why the transaction that somebody holds did not begin: nothing runs outside of it.
  std::optional<Error> not_begun;
};

// A prepared statement that is kept and run again and again.
//   auto run = statement.bind(1, key).bind(2, text);
//   while (statement.step()) use(statement.integer(0));
//   if (auto error = statement.finish(); !error) ...
// Errors of bind() and step() surface in finish(), which also makes it ready for the next run.
// Held by one thread at a time.
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* database, std::shared_ptr<const Shared> shared, std::string_view sql);

  // Positions from 1, as in SQL. Text and blobs must live until finish().
  Statement& bind(int position, std::int64_t value);
  Statement& bind(int position, std::string_view text);
  Statement& bind_blob(int position, std::string_view bytes);

  // True while there is a row; columns from 0, valid until the next step().
  bool step();
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;  // text and blobs
  bool is_null(int column) const;

  Outcome finish();
  // For statements without rows.
  Outcome run();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::shared_ptr<const Shared> shared_;
  int status_ = 0;
};

// An open database file. Held by one thread at a time.
class Database {
 public:
  enum class Synchronous { Normal, Full };
  // Exclusive: nobody else opens the file while we have it, so no locks are taken on it and no
  // memory is shared. Saves five system calls a transaction.
  enum class Sharing { Shared, Exclusive };
  // How long to wait for another program that writes.
  static constexpr std::chrono::milliseconds kPatience{5000};
  // WAL mode; creates the file when it is missing. Corrupt when the file is no database.
  static Result<Database> open(const std::string& path, Synchronous synchronous,
                               Sharing sharing = Sharing::Shared,
                               std::chrono::milliseconds patience = kPatience);

  // One or several statements without parameters and results.
  Outcome execute(const char* sql);
  // The tables of a new database and their version (user_version), in one commit.
  Outcome make_tables(const char* sql, std::int64_t version);
  Statement prepare(std::string_view sql) { return Statement(database_.get(), shared_, sql); }
  Result<std::int64_t> integer(std::string_view sql);
  std::int64_t last_row() const;
  // Every page belongs where it is.
  bool is_sound();

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

// Removes a database that nobody has open, and what SQLite keeps beside it; that it is not there is
// fine.
Outcome remove_files(Disk& disk, const std::string& path);

// BEGIN IMMEDIATE; rolls back unless committed. When it did not begin, every statement of the
// database fails until its end: none may be committed by itself.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  ~Transaction();
  // The first error of begin, then of the commit itself.
  Outcome commit();

 private:
  Database& database_;
  Outcome begun_;
  bool open_ = false;
  bool barred_ = false;  // the others, by us
};

}  // namespace waxwing::sqlite
