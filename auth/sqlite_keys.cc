#include "auth/sqlite_keys.h"

#include <algorithm>
#include <ctime>
#include <optional>

#include "auth/names.h"
#include "auth/timed_lookup.h"
#include "base/crypto.h"
#include "base/text.h"

namespace waxwing {
namespace {

using directory_sql::Database;
using dkim::KeyType;
using dkim::PrivateKey;
using State = DomainKey::State;

// In the database. A key that was removed leaves its selector behind, so that no other key ever
// comes under it: caches of the DNS may have the old record for days.
std::int64_t number_of(State state) {
  return static_cast<std::int64_t>(state);
}
constexpr std::int64_t kRemoved = 3;

const char* name_of(KeyType type) {
  return type == KeyType::Rsa ? "rsa" : "ed25519";
}

KeyType type_of(const PrivateKey& key) {
  return key.algorithm() == dkim::Algorithm::Ed25519Sha256 ? KeyType::Ed25519 : KeyType::Rsa;
}

Result<PrivateKey> read_key(const directory_sql::Query& query, int column) {
  std::string pem = query.text(column);
  auto key = PrivateKey::from_pem(pem);
  wipe(pem);
  if (!key) return fail(Error::Code::Corrupt, "directory.sqlite has a DKIM key that is none");
  return key;
}

Result<std::optional<std::int64_t>> state_of(Database& database, const std::string& domain,
                                             const std::string& selector) {
  auto query = database.query("SELECT state FROM dkim_keys WHERE domain = ? AND selector = ?",
                              domain, selector);
  std::optional<std::int64_t> state;
  if (query.row()) state = query.integer(0);
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return state;
}

Result<bool> has_keys(Database& database, const std::string& domain, std::int64_t below) {
  auto query = database.query("SELECT 1 FROM dkim_keys WHERE domain = ? AND state < ? LIMIT 1",
                              domain, below);
  const bool found = query.row();
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return found;
}

Outcome require_local(Database& database, const std::string& domain) {
  auto query = database.query("SELECT 1 FROM domains WHERE name = ?", domain);
  const bool found = query.row();
  if (auto outcome = query.finish(); !outcome) return outcome;
  if (!found) return fail(Error::Code::NotFound, "there is no domain " + domain + " here");
  return {};
}

std::string day_of(std::int64_t seconds) {
  const auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&when, &parts);
  char text[16];
  std::strftime(text, sizeof text, "%Y%m%d", &parts);
  return text;
}

// What the selectors of a new generation start with: "wax20261126", "wax20261126-2" ...
Result<std::string> free_stem(Database& database, const std::string& domain, std::int64_t now) {
  const std::string day = "wax" + day_of(now);
  for (int n = 1;; ++n) {
    const std::string stem = n == 1 ? day : day + "-" + std::to_string(n);
    const auto rsa = state_of(database, domain, stem + "r");
    if (!rsa) return fail(rsa.error());
    const auto ed25519 = state_of(database, domain, stem + "e");
    if (!ed25519) return fail(ed25519.error());
    if (!*rsa && !*ed25519) return stem;
  }
}

// Underscores are no letters of RFC 6376 section 3.1, but people have them, and the DNS takes them.
Result<std::string> canonical_selector(std::string_view selector, const std::string& domain) {
  std::string lower = to_lower(selector);
  const bool is_plain = std::ranges::all_of(
      lower, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
  if (lower.empty() || !is_plain || !is_dns_name(lower + "._domainkey." + domain))
    return fail(Error::Code::Invalid, "\"" + printable(selector, 80) +
                                          "\" is no selector: it is what stands before "
                                          "._domainkey." +
                                          domain + " in the DNS");
  return lower;
}

}  // namespace

const char* to_string(State state) {
  switch (state) {
    case State::Next: return "next";
    case State::Active: return "active";
    case State::Retired: return "retired";
  }
  return "";
}

Result<std::vector<dkim::SigningKey>> SqliteKeys::signing(const std::string& domain) {
  const auto since = signing_.moment();
  if (auto known = signing_.find(domain)) return *std::move(known);
  std::vector<dkim::SigningKey> keys;
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  auto query = (*database)->query(
      "SELECT selector, pem FROM dkim_keys WHERE domain = ? AND state = ? ORDER BY algorithm DESC",
      domain, number_of(State::Active));
  while (query.row()) {
    auto key = read_key(query, 1);
    if (!key) return fail(key.error());
    keys.push_back({query.text(0), *std::move(key)});
  }
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  signing_.add(domain, keys, since);
  return keys;
}

Result<std::vector<DomainKey>> SqliteKeys::list(std::string_view domain) {
  const auto name = canonical_domain_name(domain);
  if (!name) return fail(name.error());
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  if (auto outcome = require_local(**database, *name); !outcome) return fail(outcome.error());
  std::vector<DomainKey> keys;
  auto query = (*database)->query(
      "SELECT selector, pem, state, created, since FROM dkim_keys WHERE domain = ? AND state < ? "
      "ORDER BY created, selector",
      *name, kRemoved);
  while (query.row()) {
    const auto key = read_key(query, 1);
    if (!key) return fail(key.error());
    keys.push_back({query.text(0), type_of(*key), static_cast<State>(query.integer(2)),
                    key->record(), query.integer(3), query.integer(4)});
  }
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return keys;
}

Outcome SqliteKeys::provide(std::string_view domain) {
  const auto keys = list(domain);
  if (!keys) return fail(keys.error());
  return keys->empty() ? add_generation(domain, State::Active) : Outcome();
}

Outcome SqliteKeys::prepare(std::string_view domain) {
  const auto keys = list(domain);
  if (!keys) return fail(keys.error());
  const auto next = std::ranges::find(*keys, State::Next, &DomainKey::state);
  if (next != keys->end())
    return fail(Error::Code::AlreadyExists,
                "the next keys are there already, as " + next->selector);
  return add_generation(domain, State::Next);
}

// The keys are made before the transaction starts: no writer waits for them. Who comes second finds
// those of the first.
Outcome SqliteKeys::add_generation(std::string_view domain, State state) {
  const auto rsa = PrivateKey::generate(KeyType::Rsa);
  const auto ed25519 = PrivateKey::generate(KeyType::Ed25519);
  return write(domain, [&](Database& database, const std::string& name) -> Outcome {
    const bool is_first = state == State::Active;
    const auto there = has_keys(database, name, is_first ? kRemoved : number_of(State::Active));
    if (!there) return fail(there.error());
    if (*there) return {};
    const auto stem = free_stem(database, name, unix_seconds(clock_.now()));
    if (!stem) return fail(stem.error());
    if (auto done = insert(database, name, *stem + "r", rsa, state); !done) return done;
    return insert(database, name, *stem + "e", ed25519, state);
  });
}

Outcome SqliteKeys::insert(Database& database, const std::string& domain,
                           const std::string& selector, const PrivateKey& key, State state) {
  const auto now = unix_seconds(clock_.now());
  std::string pem = key.to_pem();
  auto outcome = database.run(
      "INSERT OR REPLACE INTO dkim_keys (domain, selector, algorithm, pem, state, created, since) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      domain, selector, name_of(type_of(key)), pem, number_of(state), now, now);
  wipe(pem);
  return outcome;
}

Outcome SqliteKeys::activate(std::string_view domain) {
  return write(domain, [&](Database& database, const std::string& name) -> Outcome {
    const auto now = unix_seconds(clock_.now());
    auto outcome = database.run(
        "UPDATE dkim_keys SET state = ?1, since = ?2 WHERE domain = ?3 AND state = ?4 AND "
        "algorithm IN (SELECT algorithm FROM dkim_keys WHERE domain = ?3 AND state = ?5)",
        number_of(State::Retired), now, name, number_of(State::Active), number_of(State::Next));
    if (!outcome) return outcome;
    outcome =
        database.run("UPDATE dkim_keys SET state = ?, since = ? WHERE domain = ? AND state = ?",
                     number_of(State::Active), now, name, number_of(State::Next));
    if (outcome && database.changed_rows() == 0)
      return fail(Error::Code::NotFound, name + " has no next keys");
    return outcome;
  });
}

Outcome SqliteKeys::remove(std::string_view domain, std::string_view selector) {
  return write(domain, [&](Database& database, const std::string& name) -> Outcome {
    const std::string lower = to_lower(selector);
    const auto state = state_of(database, name, lower);
    if (!state) return fail(state.error());
    if (!*state || **state == kRemoved)
      return fail(Error::Code::NotFound, name + " has no key " + printable(selector, 80));
    if (**state == number_of(State::Active))
      return fail(Error::Code::Denied, lower + " signs the mail of " + name);
    return database.run(
        "UPDATE dkim_keys SET state = ?, since = ?, pem = '' WHERE domain = ? AND selector = ?",
        kRemoved, unix_seconds(clock_.now()), name, lower);
  });
}

Outcome SqliteKeys::import(std::string_view domain, std::string_view selector,
                           std::string_view pem) {
  const auto key = PrivateKey::from_pem(pem);
  if (!key) return fail(key.error());
  return write(domain, [&](Database& database, const std::string& name) -> Outcome {
    const auto chosen = canonical_selector(selector, name);
    if (!chosen) return fail(chosen.error());
    const auto state = state_of(database, name, *chosen);
    if (!state) return fail(state.error());
    if (*state && **state != kRemoved)
      return fail(Error::Code::AlreadyExists, name + " has a key " + *chosen);
    auto outcome = database.run(
        "UPDATE dkim_keys SET state = ?, since = ? WHERE domain = ? AND state = ? AND "
        "algorithm = ?",
        number_of(State::Retired), unix_seconds(clock_.now()), name, number_of(State::Active),
        name_of(type_of(*key)));
    if (!outcome) return outcome;
    return insert(database, name, *chosen, *key, State::Active);
  });
}

Outcome SqliteKeys::write(std::string_view domain, const Change& change) {
  const auto name = canonical_domain_name(domain);
  if (!name) return fail(name.error());
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  const auto outcome = [&]() -> Outcome {
    directory_sql::Transaction transaction(**database);
    if (auto begun = transaction.begin(); !begun) return begun;
    if (auto local = require_local(**database, *name); !local) return local;
    if (auto done = change(**database, *name); !done) return done;
    return transaction.commit();
  }();
  // Also when it failed: nobody knows then what was written.
  signing_.forget();
  return outcome;
}

}  // namespace waxwing
