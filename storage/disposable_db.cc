#include "storage/disposable_db.h"

#include "base/log.h"
#include "storage/disk.h"

namespace waxwing {
namespace {

Result<sqlite::Database> open_once(const std::string& path, const char* tables,
                                   std::int64_t wanted) {
  auto database = sqlite::Database::open(path, sqlite::Database::Synchronous::Normal);
  if (!database) return database;
  const auto version = database->integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (*version != 0 && *version != wanted) return fail(Error::Code::Corrupt, "another version");
  if (auto made = database->make_tables(tables, wanted); !made) return fail(made.error());
  return database;
}

}  // namespace

Result<sqlite::Database> open_disposable_db(Disk& disk, const std::string& path, const char* tables,
                                            std::int64_t version, const char* warning) {
  auto database = open_once(path, tables, version);
  if (database || database.error().code != Error::Code::Corrupt) return database;
  log.warning(warning, {{"file", path}, {"reason", database.error().text}});
  (void)sqlite::remove_files(disk, path);
  return open_once(path, tables, version);
}

}  // namespace waxwing
