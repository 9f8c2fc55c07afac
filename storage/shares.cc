#include "storage/shares.h"

#include <utility>

#include "base/encoding.h"
#include "base/log.h"

namespace waxwing {
namespace {

constexpr std::string_view kSharedFolder = "@shared";
constexpr std::int64_t kSharesVersion = 1;

std::vector<std::string> folders(Disk& disk, const std::string& path) {
  std::vector<std::string> names;
  (void)disk.list(path, [&](const Disk::Entry& entry) {
    if (entry.is_directory) names.push_back(entry.name);
  });
  return names;
}

}  // namespace

Result<std::unique_ptr<Shares>> Shares::open(Disk& disk, const std::string& data_dir) {
  const std::string path = data_dir + "/shares.sqlite";
  auto database = sqlite::Database::open(path, sqlite::Database::Synchronous::Full);
  if (!database && database.error().code == Error::Code::Corrupt) {
    log.error("damaged list of shares is made again", {{"file", path}});
    (void)sqlite::remove_files(disk, path);
    database = sqlite::Database::open(path, sqlite::Database::Synchronous::Full);
  }
  if (!database) return fail(database.error());
  std::unique_ptr<Shares> shares(new Shares(std::move(*database)));
  const auto version = shares->database_.integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (*version == kSharesVersion) return shares;
  if (auto done = shares->fill(disk, data_dir + "/accounts"); !done) return fail(done.error());
  return shares;
}

Outcome Shares::fill(Disk& disk, const std::string& accounts) {
  sqlite::Transaction transaction(database_);
  auto done = database_.execute(
      "DROP TABLE IF EXISTS shares;"
      "CREATE TABLE shares(grantee TEXT NOT NULL, owner TEXT NOT NULL,"
      "  PRIMARY KEY(grantee, owner)) WITHOUT ROWID;"
      "PRAGMA user_version=1;");
  if (!done) return done;
  for (const std::string& domain : folders(disk, accounts)) {
    for (const std::string& local : folders(disk, accounts + "/" + domain)) {
      const std::string owner = address_of_folder(domain, local);
      const std::string folder = accounts + "/" + domain + "/" + local;
      if (owner.empty() || !disk.stat(folder + "/account.sqlite")) continue;
      // What cannot be read now adds its own when it is opened.
      (void)fill_from(folder, owner);
    }
  }
  return transaction.commit();
}

Outcome Shares::fill_from(const std::string& folder, std::string_view owner) {
  auto account =
      sqlite::Database::open(folder + "/account.sqlite", sqlite::Database::Synchronous::Full);
  if (!account) return fail(account.error());
  constexpr std::pair<const char*, const char*> kTables[] = {
      {"acl", "SELECT DISTINCT identifier FROM acl"},
      {"annotators", "SELECT address FROM annotators"}};
  for (const auto& [table, sql] : kTables) {
    const auto is_there =
        account->integer("SELECT count(*) FROM sqlite_master WHERE type='table' AND name='" +
                         std::string(table) + "'");
    if (!is_there || *is_there == 0) continue;
    auto select = account->prepare(sql);
    while (select.step()) {
      if (auto done = add(owner, select.text(0)); !done) return done;
    }
    if (auto done = select.finish(); !done) return done;
  }
  return {};
}

Outcome Shares::add(std::string_view owner, std::string_view identifier) {
  // What takes rights away is noted as well: it goes when the account does.
  if (identifier.starts_with('-')) identifier.remove_prefix(1);
  const std::string grantee = identifier.find('@') == identifier.npos
                                  ? std::string(shared_owner(owner))
                                  : std::string(identifier);
  const auto added = note(grantee, owner);
  if (!added) return fail(added.error());
  if (!*added) return {};
  std::vector<std::shared_ptr<Follower>> alive;
  {
    const std::lock_guard lock(followers_mutex_);
    for (const auto& follower : followers_) {
      if (auto held = follower.lock()) alive.push_back(std::move(held));
    }
  }
  for (const auto& follower : alive) follower->shared(grantee);
  return {};
}

// Whether it was not known.
Result<bool> Shares::note(std::string_view grantee, std::string_view owner) {
  const std::lock_guard lock(mutex_);
  auto known = database_.prepare("SELECT 1 FROM shares WHERE grantee=? AND owner=?");
  const bool is_known = known.bind(1, grantee).bind(2, owner).step();
  if (auto done = known.finish(); !done) return fail(done.error());
  if (is_known) return false;
  auto insert = database_.prepare("INSERT INTO shares VALUES(?, ?)");
  if (auto done = insert.bind(1, grantee).bind(2, owner).run(); !done) return fail(done.error());
  return true;
}

void Shares::tell(std::weak_ptr<Follower> follower) {
  const std::lock_guard lock(followers_mutex_);
  std::erase_if(followers_, [](const auto& each) { return each.expired(); });
  followers_.push_back(std::move(follower));
}

Result<std::vector<std::string>> Shares::names(std::string_view sql, std::string_view first,
                                               std::string_view second) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> result;
  auto select = database_.prepare(sql);
  select.bind(1, first).bind(2, second);
  while (select.step()) result.emplace_back(select.text(0));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Result<std::vector<std::string>> Shares::owners(std::string_view user) {
  return names("SELECT DISTINCT owner FROM shares WHERE grantee IN (?, ?) ORDER BY owner", user,
               shared_owner(user));
}

Result<std::vector<std::string>> Shares::owners_naming(std::string_view address) {
  return names("SELECT owner FROM shares WHERE grantee=? AND owner<>?", address, "");
}

Outcome Shares::remove_owner(std::string_view owner) {
  const std::lock_guard lock(mutex_);
  return database_.prepare("DELETE FROM shares WHERE owner=?").bind(1, owner).run();
}

std::string_view shared_owner(std::string_view address) {
  const auto at = address.rfind('@');
  return at == address.npos ? std::string_view() : address.substr(at);
}

Result<std::string> account_folder(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == address.npos || at + 1 == address.size()) {
    return fail(Error::Code::Invalid, "address has no domain");
  }
  // A leading dot is encoded, so that no name means this or the parent directory.
  const auto encoded = [](std::string_view part) {
    std::string name = percent(part);
    return name.front() == '.' ? "%2E" + name.substr(1) : name;
  };
  const std::string domain = encoded(address.substr(at + 1));
  const std::string local = at == 0 ? std::string(kSharedFolder) : encoded(address.substr(0, at));
  if (local.size() > 255 || domain.size() > 255) {
    return fail(Error::Code::Limit, "address is too long");
  }
  return domain + "/" + local;
}

std::string address_of_folder(std::string_view domain, std::string_view local) {
  const auto decoded_domain = from_percent(domain);
  const auto decoded_local =
      local == kSharedFolder ? std::optional<std::string>("") : from_percent(local);
  if (!decoded_domain || !decoded_local) return {};
  return *decoded_local + "@" + *decoded_domain;
}

}  // namespace waxwing
