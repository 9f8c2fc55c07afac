#include "auth/sqlite_directory.h"

#include <algorithm>

#include "auth/names.h"
#include "auth/schema.h"
#include "base/text.h"

namespace waxwing {
namespace {

constexpr std::string_view kAccountColumns =
    "SELECT a.id, a.address, a.enabled, a.pop3, a.quota, a.created, c.stored_key IS NOT NULL, "
    "a.quota_messages, a.hidden, a.administrator, a.referral "
    "FROM accounts a JOIN credentials c ON c.account = a.id ";

AccountRecord account_record(const directory_sql::Query& query) {
  AccountRecord record;
  record.id = query.integer(0);
  record.address = query.text(1);
  record.enabled = query.integer(2) != 0;
  record.pop3 = static_cast<PopPolicy>(query.integer(3));
  record.quota_bytes = static_cast<std::uint64_t>(query.integer(4));
  record.created = query.integer(5);
  record.has_scram = query.integer(6) != 0;
  record.quota_messages = static_cast<std::uint64_t>(query.integer(7));
  record.hidden = query.words(8);
  record.is_administrator = query.integer(9) != 0;
  record.referral = query.text(10);
  return record;
}

Result<bool> exists(directory_sql::Database& database, std::string_view sql,
                    const std::string& name) {
  auto query = database.query(sql, name);
  const bool found = query.row();
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return found;
}

Result<bool> has_domain(directory_sql::Database& database, const std::string& domain) {
  return exists(database, "SELECT 1 FROM domains WHERE name = ?", domain);
}
Result<bool> has_account(directory_sql::Database& database, const std::string& address) {
  return exists(database, "SELECT 1 FROM accounts WHERE address = ?", address);
}
Result<bool> has_alias(directory_sql::Database& database, const std::string& address) {
  return exists(database, "SELECT 1 FROM aliases WHERE address = ?", address);
}

Outcome require_domain(directory_sql::Database& database, const std::string& address) {
  const auto domain = domain_of(address);
  const auto local = has_domain(database, domain);
  if (!local) return fail(local.error());
  if (!*local) return fail(Error::Code::NotFound, "there is no domain " + domain + " here");
  return {};
}

// A new account may take an address that nobody has.
Outcome require_free(directory_sql::Database& database, const std::string& address) {
  const auto account = has_account(database, address);
  if (!account) return fail(account.error());
  if (*account) return fail(Error::Code::AlreadyExists, "there is an account " + address);
  const auto alias = has_alias(database, address);
  if (!alias) return fail(alias.error());
  if (*alias) return fail(Error::Code::AlreadyExists, "there is an alias " + address);
  return {};
}

}  // namespace

Result<std::unique_ptr<Directory>> Directory::open(const std::string& path, const Clock& clock) {
  auto directory = std::make_unique<SqliteDirectory>(path, clock);
  if (auto outcome = directory->prepare(); !outcome) return fail(outcome.error());
  return directory;
}

SqliteDirectory::SqliteDirectory(const std::string& path, const Clock& clock)
    : clock_(clock), pool_(path) {}

Outcome SqliteDirectory::prepare() {
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  if (auto outcome = migrate_directory(**database); !outcome) return outcome;
  auto query = (*database)->query("SELECT value FROM server WHERE name = 'secret'");
  if (query.row()) secret_ = query.text(0);
  if (auto outcome = query.finish(); !outcome) return outcome;
  if (secret_.empty()) return fail(Error::Code::Corrupt, "directory.sqlite has lost its secret");
  return refresh_scram_mark(**database);
}

void SqliteDirectory::on_revoked(std::function<void(const std::string&)> observer) {
  revoked_ = std::move(observer);
}

void SqliteDirectory::revoke(const std::string& account) const {
  if (revoked_) revoked_(account);
}

Outcome SqliteDirectory::write(const Change& change) {
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  auto outcome = commit(**database, change);
  // Also when it failed: nobody knows then what was written.
  credentials_.forget();
  routes_.forget();
  records_.forget();
  sign_ins_.forget();
  keys_.forget();
  if (!outcome) return outcome;
  return refresh_scram_mark(**database);
}

Outcome SqliteDirectory::commit(directory_sql::Database& database, const Change& change) {
  directory_sql::Transaction transaction(database);
  if (auto outcome = transaction.begin(); !outcome) return outcome;
  if (auto outcome = change(database); !outcome) return outcome;
  return transaction.commit();
}

Outcome SqliteDirectory::refresh_scram_mark(directory_sql::Database& database) {
  // Asking and noting the answer as one step: otherwise an older answer could overwrite a newer
  // one.
  const std::lock_guard lock(scram_mark_mutex_);
  auto query = database.query("SELECT 1 FROM credentials WHERE stored_key IS NULL LIMIT 1");
  const bool lacking = query.row();
  if (auto outcome = query.finish(); !outcome) return outcome;
  has_scram_for_all_ = !lacking;
  return {};
}

Outcome SqliteDirectory::add_domain(std::string_view domain) {
  const auto name = canonical_domain_name(domain);
  if (!name) return fail(name.error());
  return write([&](directory_sql::Database& database) -> Outcome {
    const auto known = has_domain(database, *name);
    if (!known) return fail(known.error());
    if (*known) return fail(Error::Code::AlreadyExists, "there is a domain " + *name);
    return database.run("INSERT INTO domains (name, created) VALUES (?, ?)", *name,
                        unix_seconds(clock_.now()));
  });
}

Outcome SqliteDirectory::remove_domain(std::string_view domain) {
  const auto name = canonical_domain_name(domain);
  if (!name) return fail(name.error());
  return write([&](directory_sql::Database& database) -> Outcome {
    const auto used = exists(database,
                             "SELECT 1 FROM accounts WHERE domain = ?1 UNION ALL "
                             "SELECT 1 FROM aliases WHERE domain = ?1 LIMIT 1",
                             *name);
    if (!used) return fail(used.error());
    if (*used) return fail(Error::Code::Denied, *name + " still has accounts or aliases");
    if (auto outcome = database.run("DELETE FROM domains WHERE name = ?", *name); !outcome) {
      return outcome;
    }
    if (database.changed_rows() == 0)
      return fail(Error::Code::NotFound, "there is no domain " + *name);
    return {};
  });
}

Result<std::vector<std::string>> SqliteDirectory::domains() {
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  std::vector<std::string> names;
  auto query = (*database)->query("SELECT name FROM domains ORDER BY name");
  while (query.row()) names.push_back(query.text(0));
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return names;
}

Result<bool> SqliteDirectory::is_local_domain(std::string_view domain) {
  const auto name = canonical_domain_name(domain);
  if (!name) return false;
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  return has_domain(**database, *name);
}

Outcome SqliteDirectory::insert_account(std::string_view address, const PasswordHash& hash,
                                        const std::optional<ScramKeys>& scram) {
  const auto name = canonical_address(address);
  if (!name) return fail(name.error());
  return write([&](directory_sql::Database& database) -> Outcome {
    if (auto outcome = require_domain(database, *name); !outcome) return outcome;
    if (auto outcome = require_free(database, *name); !outcome) return outcome;
    auto outcome = database.run("INSERT INTO accounts (address, domain, created) VALUES (?, ?, ?)",
                                *name, domain_of(*name), unix_seconds(clock_.now()));
    if (!outcome) return outcome;
    const auto id = database.last_row();
    outcome = database.run(
        "INSERT INTO credentials (account, version, hash, imported) VALUES (?, 1, ?, ?)", id,
        hash.text, std::int64_t{hash.imported});
    if (!outcome || !scram) return outcome;
    return store_scram(database, id, *scram);
  });
}

Outcome SqliteDirectory::add_account(std::string_view address, std::string_view password) {
  if (auto objection = objection_to_password(password); !objection.empty()) {
    return fail(Error::Code::Invalid, std::move(objection));
  }
  const auto hash = hash_password(password);
  if (!hash) return fail(hash.error());
  return insert_account(address, *hash, scram_keys_for(password));
}

Outcome SqliteDirectory::import_account(std::string_view address, std::string_view secret) {
  const auto imported = read_imported_secret(secret);
  if (!imported) return fail(imported.error());
  if (imported->is_plain) return add_account(address, imported->value);
  return insert_account(address, PasswordHash{imported->value, true}, std::nullopt);
}

// Finds the account inside the transaction that changes it.
Outcome SqliteDirectory::write_account(
    std::string_view address,
    const std::function<Outcome(directory_sql::Database&, std::int64_t, const std::string&)>&
        change) {
  const auto name = canonical_address(address);
  if (!name) return fail(name.error());
  return write([&](directory_sql::Database& database) -> Outcome {
    std::int64_t id = 0;
    auto query = database.query("SELECT id FROM accounts WHERE address = ?", *name);
    if (query.row()) id = query.integer(0);
    if (auto outcome = query.finish(); !outcome) return outcome;
    if (id == 0) return fail(Error::Code::NotFound, "there is no account " + *name);
    return change(database, id, *name);
  });
}

Outcome SqliteDirectory::set_password(std::string_view address, std::string_view password) {
  if (auto objection = objection_to_password(password); !objection.empty()) {
    return fail(Error::Code::Invalid, std::move(objection));
  }
  const auto hash = hash_password(password);
  if (!hash) return fail(hash.error());
  const auto scram = scram_keys_for(password);
  std::string account;
  auto outcome = write_account(address, [&](auto& database, auto id, const auto& name) -> Outcome {
    account = name;
    auto stored = database.run(
        "UPDATE credentials SET version = version + 1, hash = ?, imported = 0 WHERE account = ?",
        hash->text, id);
    if (!stored) return stored;
    return store_scram(database, id, scram);
  });
  if (outcome) revoke(account);
  return outcome;
}

Outcome SqliteDirectory::remove_account(std::string_view address) {
  std::string account;
  auto outcome = write_account(address, [&](auto& database, auto id, const auto& name) -> Outcome {
    account = name;
    return database.run("DELETE FROM accounts WHERE id = ?", id);
  });
  if (outcome) revoke(account);
  return outcome;
}

Outcome SqliteDirectory::set_enabled(std::string_view address, bool enabled) {
  std::string account;
  auto outcome = write_account(address, [&](auto& database, auto id, const auto& name) -> Outcome {
    account = name;
    auto stored =
        database.run("UPDATE accounts SET enabled = ? WHERE id = ?", std::int64_t{enabled}, id);
    if (!stored) return stored;
    return database.run("UPDATE credentials SET version = version + 1 WHERE account = ?", id);
  });
  if (outcome && !enabled) revoke(account);
  return outcome;
}

Outcome SqliteDirectory::enable_account(std::string_view address) {
  return set_enabled(address, true);
}
Outcome SqliteDirectory::disable_account(std::string_view address) {
  return set_enabled(address, false);
}

Outcome SqliteDirectory::rename_account(std::string_view from, std::string_view to) {
  const auto target = canonical_address(to);
  if (!target) return fail(target.error());
  std::string account;
  auto outcome = write_account(from, [&](auto& database, auto id, const auto& name) -> Outcome {
    account = name;
    if (auto known = require_domain(database, *target); !known) return known;
    if (auto free = require_free(database, *target); !free) return free;
    auto stored = database.run("UPDATE accounts SET address = ?, domain = ? WHERE id = ?", *target,
                               domain_of(*target), id);
    if (!stored) return stored;
    return database.run("UPDATE credentials SET version = version + 1 WHERE account = ?", id);
  });
  if (outcome) revoke(account);
  return outcome;
}

Outcome SqliteDirectory::set_quota(std::string_view address, std::uint64_t bytes,
                                   std::uint64_t messages) {
  if (bytes > INT64_MAX || messages > INT64_MAX) {
    return fail(Error::Code::Invalid, "the quota is too large");
  }
  return write_account(address, [&](auto& database, auto id, const auto&) -> Outcome {
    return database.run("UPDATE accounts SET quota = ?, quota_messages = ? WHERE id = ?",
                        static_cast<std::int64_t>(bytes), static_cast<std::int64_t>(messages), id);
  });
}

Outcome SqliteDirectory::set_hidden(std::string_view address,
                                    const std::vector<std::string>& capabilities) {
  std::string text;
  for (const auto& capability : capabilities) text += to_upper(capability) + " ";
  return write_account(address, [&](auto& database, auto id, const auto&) -> Outcome {
    return database.run("UPDATE accounts SET hidden = ? WHERE id = ?", text, id);
  });
}

Outcome SqliteDirectory::set_referral(std::string_view address, std::string_view url) {
  const auto canonical = url.empty() ? std::string() : canonical_referral(url);
  if (!canonical) return fail(canonical.error());
  return write_account(address, [&](auto& database, auto id, const auto&) -> Outcome {
    return database.run("UPDATE accounts SET referral = ? WHERE id = ?", *canonical, id);
  });
}

Outcome SqliteDirectory::set_administrator(std::string_view address, bool is_administrator) {
  std::string account;
  auto outcome = write_account(address, [&](auto& database, auto id, const auto& name) -> Outcome {
    account = name;
    return database.run("UPDATE accounts SET administrator = ? WHERE id = ?",
                        std::int64_t{is_administrator}, id);
  });
  // Who is none any more has no session that still thinks so.
  if (outcome && !is_administrator) revoke(account);
  return outcome;
}

Outcome SqliteDirectory::set_pop3(std::string_view address, PopPolicy policy) {
  return write_account(address, [&](auto& database, auto id, const auto&) -> Outcome {
    return database.run("UPDATE accounts SET pop3 = ? WHERE id = ?",
                        static_cast<std::int64_t>(policy), id);
  });
}

Result<AccountRecord> SqliteDirectory::account(std::string_view address) {
  const auto name = canonical_address(address);
  if (!name) return fail(name.error());
  const auto since = records_.moment();
  if (auto known = records_.find(*name)) return *known;
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  static const auto kSql = std::string(kAccountColumns) + "WHERE a.address = ?";
  auto query = (*database)->query(kSql, *name);
  std::optional<AccountRecord> record;
  if (query.row()) record = account_record(query);
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  if (!record) return fail(Error::Code::NotFound, "there is no account " + *name);
  records_.add(*name, *record, since);
  return *record;
}

Result<std::vector<AccountRecord>> SqliteDirectory::accounts() {
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  static const auto kSql = std::string(kAccountColumns) + "ORDER BY a.address";
  std::vector<AccountRecord> records;
  auto query = (*database)->query(kSql);
  while (query.row()) records.push_back(account_record(query));
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return records;
}

Outcome SqliteDirectory::add_alias(std::string_view address,
                                   const std::vector<std::string>& targets) {
  const auto name = canonical_alias(address);
  if (!name) return fail(name.error());
  if (targets.empty()) return fail(Error::Code::Invalid, "an alias needs a target");
  std::vector<std::string> canonical;
  for (const auto& target : targets) {
    auto one = canonical_address(target);
    if (!one) return fail(one.error());
    canonical.push_back(std::move(*one));
  }
  const bool keeps_copy = std::find(canonical.begin(), canonical.end(), *name) != canonical.end();
  return write([&](directory_sql::Database& database) -> Outcome {
    if (auto outcome = require_domain(database, *name); !outcome) return outcome;
    const auto account = has_account(database, *name);
    if (!account) return fail(account.error());
    if (*account && !keeps_copy) {
      return fail(Error::Code::AlreadyExists,
                  *name + " is an account and would get no more mail: name it among the targets");
    }
    auto outcome = database.run("DELETE FROM aliases WHERE address = ?", *name);
    for (std::size_t i = 0; outcome && i < canonical.size(); ++i) {
      outcome = database.run(
          "INSERT INTO aliases (address, position, domain, target) VALUES (?, ?, ?, ?)", *name,
          static_cast<std::int64_t>(i), domain_of(*name), canonical[i]);
    }
    return outcome;
  });
}

Outcome SqliteDirectory::remove_alias(std::string_view address) {
  const auto name = canonical_alias(address);
  if (!name) return fail(name.error());
  return write([&](directory_sql::Database& database) -> Outcome {
    auto outcome = database.run("DELETE FROM aliases WHERE address = ?", *name);
    if (outcome && database.changed_rows() == 0) {
      return fail(Error::Code::NotFound, "there is no alias " + *name);
    }
    return outcome;
  });
}

Result<std::vector<AliasRecord>> SqliteDirectory::aliases() {
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  std::vector<AliasRecord> records;
  auto query = (*database)->query("SELECT address, target FROM aliases ORDER BY address, position");
  while (query.row()) {
    if (records.empty() || records.back().address != query.text(0)) {
      records.push_back({query.text(0), {}});
    }
    records.back().targets.push_back(query.text(1));
  }
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return records;
}

}  // namespace waxwing
