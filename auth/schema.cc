#include "auth/schema.h"

#include <array>
#include <string>

namespace waxwing {
namespace {

// Step n leads from user_version n to n + 1. A step that was released is never edited.
constexpr std::array kSteps = {
    // AUTOINCREMENT: an id never comes back, so what is remembered by id (verified passwords) can
    // never meet another account. Addresses are canonical everywhere.
    R"sql(
      CREATE TABLE server (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      INSERT INTO server VALUES ('secret', randomblob(32));
      CREATE TABLE domains (name TEXT PRIMARY KEY, created INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE accounts (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        address TEXT NOT NULL UNIQUE,
        domain  TEXT NOT NULL REFERENCES domains (name),
        enabled INTEGER NOT NULL DEFAULT 1,
        pop3    INTEGER NOT NULL DEFAULT 0,
        quota   INTEGER NOT NULL DEFAULT 0,
        created INTEGER NOT NULL);
      CREATE INDEX accounts_by_domain ON accounts (domain);
      CREATE TABLE credentials (
        account    INTEGER PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
        version    INTEGER NOT NULL,
        hash       TEXT NOT NULL,
        imported   INTEGER NOT NULL,
        salt       BLOB, iterations INTEGER, stored_key BLOB, server_key BLOB);
      CREATE INDEX credentials_without_scram ON credentials (account) WHERE stored_key IS NULL;
      CREATE TABLE aliases (
        address  TEXT NOT NULL,
        position INTEGER NOT NULL,
        domain   TEXT NOT NULL REFERENCES domains (name),
        target   TEXT NOT NULL,
        PRIMARY KEY (address, position)) WITHOUT ROWID;
      CREATE INDEX aliases_by_domain ON aliases (domain);
      CREATE TABLE sign_ins (
        account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        client  TEXT NOT NULL,
        last    INTEGER NOT NULL,
        PRIMARY KEY (account, client)) WITHOUT ROWID;
    )sql",
    R"sql(
      ALTER TABLE accounts ADD COLUMN quota_messages INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE accounts ADD COLUMN hidden TEXT NOT NULL DEFAULT '';
    )sql",
    R"sql(
      ALTER TABLE accounts ADD COLUMN administrator INTEGER NOT NULL DEFAULT 0;
    )sql",
    R"sql(
      ALTER TABLE accounts ADD COLUMN referral TEXT NOT NULL DEFAULT '';
    )sql",
    // States are those of domain_keys.h; 3 is a key that is gone, whose selector stays taken.
    R"sql(
      CREATE TABLE dkim_keys (
        domain    TEXT NOT NULL REFERENCES domains (name) ON DELETE CASCADE,
        selector  TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        pem       TEXT NOT NULL,
        state     INTEGER NOT NULL,
        created   INTEGER NOT NULL,
        since     INTEGER NOT NULL,
        PRIMARY KEY (domain, selector)) WITHOUT ROWID;
    )sql",
};

Result<std::int64_t> version_of(directory_sql::Database& database) {
  auto query = database.query("PRAGMA user_version");
  const std::int64_t version = query.row() ? query.integer(0) : 0;
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return version;
}

}  // namespace

Outcome migrate_directory(directory_sql::Database& database) {
  for (;;) {
    directory_sql::Transaction transaction(database);
    if (auto outcome = transaction.begin(); !outcome) return outcome;
    const auto version = version_of(database);
    if (!version) return fail(version.error());
    const auto newest = static_cast<std::int64_t>(kSteps.size());
    if (*version == newest) return {};
    if (*version < 0 || *version > newest) {
      return fail(Error::Code::Corrupt, "directory.sqlite has schema " + std::to_string(*version) +
                                            ", this program knows up to " + std::to_string(newest));
    }
    if (auto outcome = database.execute(kSteps[static_cast<std::size_t>(*version)]); !outcome) {
      return outcome;
    }
    const auto mark = "PRAGMA user_version = " + std::to_string(*version + 1);
    if (auto outcome = database.execute(mark.c_str()); !outcome) return outcome;
    if (auto outcome = transaction.commit(); !outcome) return outcome;
  }
}

}  // namespace waxwing
