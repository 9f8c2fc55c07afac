#include "storage/policy_cache.h"

#include <utility>

#include "storage/disposable_db.h"

namespace waxwing {
namespace {

constexpr std::int64_t kPolicyVersion = 1;
constexpr const char* kPolicyTables =
    "CREATE TABLE IF NOT EXISTS policies(domain TEXT PRIMARY KEY, id TEXT NOT NULL,"
    " text BLOB NOT NULL, fetched INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;";

}  // namespace

Result<std::unique_ptr<PolicyCache>> PolicyCache::open(const std::string& data_dir, Disk& disk) {
  auto database = open_disposable_db(disk, data_dir + "/mta_sts.sqlite", kPolicyTables,
                                     kPolicyVersion, "policies are fetched anew");
  if (!database) return fail(database.error());
  return std::unique_ptr<PolicyCache>(new PolicyCache(std::move(*database)));
}

Result<std::vector<PolicyCache::Policy>> PolicyCache::all(std::size_t max) {
  const std::lock_guard lock(mutex_);
  auto cut = database_.prepare(
      "DELETE FROM policies WHERE domain IN"
      " (SELECT domain FROM policies ORDER BY fetched DESC LIMIT -1 OFFSET ?)");
  if (auto done = cut.bind(1, static_cast<std::int64_t>(max)).run(); !done)
    return fail(done.error());
  std::vector<Policy> found;
  auto select = database_.prepare(
      "SELECT domain, id, text, fetched, expires FROM policies ORDER BY fetched DESC");
  while (select.step()) {
    found.push_back({std::string(select.text(0)), std::string(select.text(1)),
                     std::string(select.text(2)), select.integer(3), select.integer(4)});
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  return found;
}

Outcome PolicyCache::put(const Policy& policy) {
  const std::lock_guard lock(mutex_);
  return database_.prepare("INSERT OR REPLACE INTO policies VALUES(?, ?, ?, ?, ?)")
      .bind(1, policy.domain)
      .bind(2, policy.id)
      .bind_blob(3, policy.text)
      .bind(4, policy.fetched)
      .bind(5, policy.expires)
      .run();
}

Outcome PolicyCache::remove(const std::string& domain) {
  const std::lock_guard lock(mutex_);
  return database_.prepare("DELETE FROM policies WHERE domain=?").bind(1, domain).run();
}

}  // namespace waxwing
