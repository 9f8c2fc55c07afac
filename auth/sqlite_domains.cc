// The domains of SqliteDirectory.
#include "auth/names.h"
#include "auth/sqlite_directory.h"

namespace waxwing {
namespace {

using directory_sql::Database;

// The domain that this one is another name of, empty for a domain of its own; nothing when it is
// not here.
Result<std::optional<std::string>> target_of(Database& database, const std::string& domain) {
  std::optional<std::string> target;
  auto query = database.query("SELECT target FROM domains WHERE name = ?", domain);
  if (query.row()) target = query.text(0);
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return target;
}

Outcome insert(Database& database, const std::string& domain, const std::string& target,
               std::int64_t now) {
  const auto known = target_of(database, domain);
  if (!known) return fail(known.error());
  if (*known) return fail(Error::Code::AlreadyExists, "there is a domain " + domain);
  return database.run("INSERT INTO domains (name, created, target) VALUES (?, ?, ?)", domain, now,
                      target);
}

// Why a domain cannot go: "accounts or aliases".
Result<std::string> use_of(Database& database, const std::string& domain) {
  std::string use;
  auto query = database.query(
      "SELECT 'accounts or aliases' FROM accounts WHERE domain = ?1 UNION ALL "
      "SELECT 'accounts or aliases' FROM aliases WHERE domain = ?1 UNION ALL "
      "SELECT 'another name, ' || name FROM domains WHERE target = ?1 LIMIT 1",
      domain);
  if (query.row()) use = query.text(0);
  if (auto outcome = query.finish(); !outcome) return fail(outcome.error());
  return use;
}

}  // namespace

Outcome SqliteDirectory::add_domain(std::string_view domain) {
  const auto name = canonical_domain_name(domain);
  if (!name) return fail(name.error());
  return write(
      [&](Database& database) { return insert(database, *name, "", unix_seconds(clock_.now())); });
}

Outcome SqliteDirectory::add_domain_alias(std::string_view domain, std::string_view target) {
  const auto name = canonical_domain_name(domain);
  if (!name) return fail(name.error());
  const auto real = canonical_domain_name(target);
  if (!real) return fail(real.error());
  return write([&](Database& database) -> Outcome {
    const auto of = target_of(database, *real);
    if (!of) return fail(of.error());
    if (!*of) return fail(Error::Code::NotFound, "there is no domain " + *real + " here");
    if (!(*of)->empty())
      return fail(Error::Code::Denied, *real + " is another name itself, of " + **of);
    return insert(database, *name, *real, unix_seconds(clock_.now()));
  });
}

Outcome SqliteDirectory::remove_domain(std::string_view domain) {
  const auto name = canonical_domain_name(domain);
  if (!name) return fail(name.error());
  return write([&](Database& database) -> Outcome {
    const auto use = use_of(database, *name);
    if (!use) return fail(use.error());
    if (!use->empty()) return fail(Error::Code::Denied, *name + " still has " + *use);
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

Result<std::string> SqliteDirectory::domain_target(std::string_view domain) {
  const auto name = canonical_domain_name(domain);
  if (!name) return fail(name.error());
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  auto target = target_of(**database, *name);
  if (!target) return fail(target.error());
  if (!*target) return fail(Error::Code::NotFound, "there is no domain " + *name);
  return **std::move(target);
}

Result<bool> SqliteDirectory::is_local_domain(std::string_view domain) {
  const auto target = domain_target(domain);
  if (target) return true;
  const auto code = target.error().code;
  if (code == Error::Code::Invalid || code == Error::Code::NotFound) return false;
  return fail(target.error());
}

}  // namespace waxwing
