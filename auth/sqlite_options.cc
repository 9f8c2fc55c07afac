// How accounts of SqliteDirectory want their mail to be treated.
#include "auth/sqlite_directory.h"

namespace waxwing {
namespace {

std::optional<std::int64_t> stored(const std::optional<std::uint64_t>& limit) {
  if (!limit) return std::nullopt;
  return static_cast<std::int64_t>(*limit);
}

}  // namespace

Outcome SqliteDirectory::set_send_limits(std::string_view address, const SendLimits& limits) {
  if (limits.per_hour.value_or(0) > INT64_MAX || limits.per_day.value_or(0) > INT64_MAX) {
    return fail(Error::Code::Invalid, "the limit is too large");
  }
  return write_account(address, [&](auto& database, auto id, const auto&) -> Outcome {
    return database.run("UPDATE accounts SET sends_per_hour = ?, sends_per_day = ? WHERE id = ?",
                        stored(limits.per_hour), stored(limits.per_day), id);
  });
}

Outcome SqliteDirectory::set_saves_sent(std::string_view address, bool saves) {
  return write_account(address, [&](auto& database, auto id, const auto&) -> Outcome {
    return database.run("UPDATE accounts SET save_sent = ? WHERE id = ?", std::int64_t{saves}, id);
  });
}

Outcome SqliteDirectory::set_cleaning(std::string_view address, const Cleaning& cleaning) {
  return write_account(address, [&](auto& database, auto id, const auto&) -> Outcome {
    return database.run("UPDATE accounts SET trash_days = ?, junk_days = ? WHERE id = ?",
                        std::int64_t{cleaning.trash_days}, std::int64_t{cleaning.junk_days}, id);
  });
}

}  // namespace waxwing
