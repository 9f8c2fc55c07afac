// The Credentials side of SqliteDirectory.
#include <cstring>

#include "auth/saslprep.h"
#include "auth/sqlite_directory.h"
#include "base/crypto.h"

namespace waxwing {
namespace {

// A sign-in from a known client is written again once a day: the history then costs no commit per
// sign-in. Of an account's clients the newest are kept.
constexpr std::int64_t kNoteAgainAfter = 24 * 3600;
constexpr std::int64_t kClientsPerAccount = 1000;

}  // namespace

ScramKeys scram_keys_for(std::string_view password) {
  auto prepared = prepared_password(password);
  auto keys = make_scram_keys(prepared, random_bytes(ScramKeys::kSaltSize), ScramKeys::kIterations);
  wipe(prepared);
  return keys;
}

Outcome store_scram(directory_sql::Database& database, std::int64_t account,
                    const ScramKeys& keys) {
  return database.run(
      "UPDATE credentials SET salt = ?, iterations = ?, stored_key = ?, server_key = ? "
      "WHERE account = ?",
      directory_sql::Blob{keys.salt}, std::int64_t{keys.iterations},
      directory_sql::Blob{keys.stored_key}, directory_sql::Blob{keys.server_key}, account);
}

Result<Credential> SqliteDirectory::find(const std::string& account) {
  const auto since = credentials_.moment();
  auto known = credentials_.find(account);
  if (!known) {
    auto read = read_credential(account);
    if (!read) return fail(read.error());
    credentials_.add(account, *read, since);
    known.emplace(std::move(*read));
  }
  if (!*known) return fail(Error::Code::NotFound, "no such account");
  return std::move(**known);
}

Result<std::optional<Credential>> SqliteDirectory::read_credential(const std::string& account) {
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  auto query = (*database)->query(
      "SELECT a.id, a.pop3, a.enabled, c.version, c.hash, c.imported, c.salt, c.iterations, "
      "c.stored_key, c.server_key, a.hidden, a.administrator, a.referral "
      "FROM accounts a JOIN credentials c ON c.account = a.id WHERE a.address = ?",
      account);
  std::optional<Credential> credential;
  if (query.row()) {
    credential.emplace();
    credential->identity = {query.integer(0), account, static_cast<PopPolicy>(query.integer(1))};
    credential->identity.hidden = query.words(10);
    credential->identity.is_administrator = query.integer(11) != 0;
    credential->identity.referral = query.text(12);
    credential->enabled = query.integer(2) != 0;
    credential->version = query.integer(3);
    credential->hash = {query.text(4), query.integer(5) != 0};
    if (!query.is_null(8)) {
      credential->scram = ScramKeys{query.text(6), static_cast<int>(query.integer(7)),
                                    query.text(8), query.text(9)};
    }
  }
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return credential;
}

Result<PasswordHash> SqliteDirectory::decoy(const std::string& account) {
  // Hashes that were imported take the time of their scheme. Were the decoy always our own, a
  // stranger could tell by the time which accounts exist; so it is drawn from the real ones.
  std::uint64_t draw = 0;
  const auto digest = hmac_sha256(secret_, "decoy:" + account);
  std::memcpy(&draw, digest.data(), sizeof draw);

  auto database = pool_.lease();
  if (!database) return fail(database.error());
  auto last = (*database)->query("SELECT max(account) FROM credentials");
  const std::int64_t newest = last.row() ? last.integer(0) : 0;
  if (auto outcome = last.finish(); !outcome) return fail(outcome.error());
  if (newest == 0) {
    static const auto kNobodys = hash_password(random_bytes(16));
    return kNobodys;
  }
  const auto from = static_cast<std::int64_t>(draw % static_cast<std::uint64_t>(newest)) + 1;
  auto query = (*database)->query(
      "SELECT hash, imported FROM credentials WHERE account >= ? ORDER BY account LIMIT 1", from);
  PasswordHash hash;
  if (query.row()) hash = {query.text(0), query.integer(1) != 0};
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return hash;
}

Outcome SqliteDirectory::adopt(const Credential& imported, std::string_view password) {
  const auto hash = hash_password(password);
  if (!hash) return fail(hash.error());
  const auto scram = scram_keys_for(password);
  return write([&](directory_sql::Database& database) -> Outcome {
    // The password is the same as before, so its version is too: what was verified stays verified.
    auto outcome = database.run(
        "UPDATE credentials SET hash = ?, imported = 0 "
        "WHERE account = ? AND version = ? AND imported = 1",
        hash->text, imported.identity.id, imported.version);
    if (!outcome || database.changed_rows() == 0) return outcome;
    return store_scram(database, imported.identity.id, scram);
  });
}

Result<bool> SqliteDirectory::has_signed_in(std::int64_t account, const std::string& client) {
  const auto last = last_sign_in(account, client);
  if (!last) return fail(last.error());
  return last->has_value();
}

Result<std::optional<std::int64_t>> SqliteDirectory::last_sign_in(std::int64_t account,
                                                                  const std::string& client) {
  const auto key = std::to_string(account) + " " + client;
  const auto since = sign_ins_.moment();
  if (const auto known = sign_ins_.find(key)) return std::optional(*known);
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  auto query = (*database)->query("SELECT last FROM sign_ins WHERE account = ? AND client = ?",
                                  account, client);
  std::optional<std::int64_t> last;
  if (query.row()) last = query.integer(0);
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  if (last) sign_ins_.add(key, *last, since);
  return last;
}

Outcome SqliteDirectory::note_sign_in(std::int64_t account, const std::string& client) {
  const auto now = unix_seconds(clock_.now());
  const auto last = last_sign_in(account, client);
  if (!last) return fail(last.error());
  if (*last && **last > now - kNoteAgainAfter) return {};
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  auto outcome = commit(**database, [&](directory_sql::Database& writer) -> Outcome {
    // The account may have gone since its password was checked.
    auto noted = writer.run(
        "INSERT INTO sign_ins (account, client, last) SELECT id, ?, ? FROM accounts WHERE id = ? "
        "ON CONFLICT (account, client) DO UPDATE SET last = excluded.last",
        client, now, account);
    if (!noted) return noted;
    return writer.run(
        "DELETE FROM sign_ins WHERE account = ?1 AND client IN (SELECT client FROM sign_ins "
        "WHERE account = ?1 ORDER BY last DESC, client LIMIT -1 OFFSET ?2)",
        account, kClientsPerAccount);
  });
  sign_ins_.forget();  // the other answers know nothing of it
  return outcome;
}

}  // namespace waxwing
