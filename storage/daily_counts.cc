#include "storage/daily_counts.h"

#include <chrono>
#include <utility>

#include "base/log.h"
#include "storage/disposable_db.h"

namespace waxwing {
namespace {

constexpr std::int64_t kDailyCountsVersion = 2;
constexpr std::size_t kMostCountsWaiting = 2'000;
constexpr std::chrono::milliseconds kDailyGather{5000};

constexpr const char* kDailyCountsTables =
    "CREATE TABLE IF NOT EXISTS counts(day INTEGER NOT NULL, domain TEXT NOT NULL,"
    " text TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(day, domain, text)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS due(day INTEGER NOT NULL, domain TEXT NOT NULL,"
    " due INTEGER NOT NULL, PRIMARY KEY(day, domain)) WITHOUT ROWID;";

}  // namespace

Result<std::unique_ptr<DailyCounts>> DailyCounts::open(const Options& options, Disk& disk,
                                                       const Clock& clock) {
  auto database = open_disposable_db(disk, options.path, kDailyCountsTables, kDailyCountsVersion,
                                     options.warning);
  if (!database) return fail(database.error());
  return std::unique_ptr<DailyCounts>(new DailyCounts(options, std::move(*database), clock));
}

DailyCounts::DailyCounts(const Options& options, sqlite::Database database, const Clock& clock)
    : options_(options),
      clock_(clock),
      database_(std::move(database)),
      writer_(kDailyGather, [this] {
        const std::lock_guard lock(database_mutex_);
        if (auto done = write_waiting(); !done)
          log.warning("counts are lost", {{"file", options_.path}, {"reason", done.error().text}});
      }) {}

void DailyCounts::note(std::string domain, std::string text) {
  Key key{day_of(clock_.now()), std::move(domain), std::move(text)};
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostCountsWaiting && !waiting_.contains(key)) return;
    ++waiting_[std::move(key)];
  }
  writer_.poke();
}

Outcome DailyCounts::write_waiting() {
  std::map<Key, std::uint64_t> counts;
  {
    const std::lock_guard lock(mutex_);
    counts = std::exchange(waiting_, {});
  }
  return counts.empty() ? Outcome{} : write(counts);
}

Outcome DailyCounts::write(const std::map<Key, std::uint64_t>& counts) {
  sqlite::Transaction transaction(database_);
  auto more =
      database_.prepare("UPDATE counts SET count=count+?4 WHERE day=?1 AND domain=?2 AND text=?3");
  auto first = database_.prepare(
      "INSERT OR IGNORE INTO counts SELECT ?1, ?2, ?3, ?4"
      " WHERE (SELECT count(*) FROM counts WHERE day=?1) < ?5"
      " AND (SELECT count(*) FROM counts WHERE day=?1 AND domain=?2) < ?6");
  for (const auto& [key, count] : counts) {
    const auto bind = [&](sqlite::Statement& statement) -> sqlite::Statement& {
      return statement.bind(1, key.day)
          .bind(2, key.domain)
          .bind(3, key.text)
          .bind(4, static_cast<std::int64_t>(count));
    };
    if (auto done = bind(more).run(); !done) return done;
    const auto changed = database_.integer("SELECT changes()");
    if (!changed) return fail(changed.error());
    if (*changed > 0) continue;
    auto& statement = bind(first).bind(5, options_.most_of_day).bind(6, options_.most_of_domain);
    if (auto done = statement.run(); !done) return done;
  }
  return transaction.commit();
}

Result<std::vector<DailyCounts::Day>> DailyCounts::before(std::int64_t day) {
  const std::lock_guard lock(database_mutex_);
  if (auto done = write_waiting(); !done) return fail(done.error());
  std::vector<Day> all;
  auto select = database_.prepare(
      "SELECT DISTINCT c.day, c.domain, coalesce(d.due, 0) FROM counts c"
      " LEFT JOIN due d ON d.day=c.day AND d.domain=c.domain WHERE c.day<?");
  select.bind(1, day);
  while (select.step())
    all.push_back({select.integer(0), std::string(select.text(1)), select.integer(2)});
  if (auto done = select.finish(); !done) return fail(done.error());
  return all;
}

Result<std::vector<DailyCounts::Count>> DailyCounts::counts(std::int64_t day,
                                                            std::string_view domain) {
  const std::lock_guard lock(database_mutex_);
  if (auto done = write_waiting(); !done) return fail(done.error());
  std::vector<Count> all;
  auto select =
      database_.prepare("SELECT text, count FROM counts WHERE day=? AND domain=? ORDER BY text");
  select.bind(1, day).bind(2, domain);
  while (select.step())
    all.push_back({std::string(select.text(0)), static_cast<std::uint64_t>(select.integer(1))});
  if (auto done = select.finish(); !done) return fail(done.error());
  return all;
}

Outcome DailyCounts::set_due(const Day& day) {
  const std::lock_guard lock(database_mutex_);
  return database_.prepare("INSERT OR REPLACE INTO due VALUES(?, ?, ?)")
      .bind(1, day.day)
      .bind(2, day.domain)
      .bind(3, day.due)
      .run();
}

Outcome DailyCounts::remove(std::int64_t day, std::string_view domain) {
  const std::lock_guard lock(database_mutex_);
  if (auto done = write_waiting(); !done) return done;
  sqlite::Transaction transaction(database_);
  for (const char* sql :
       {"DELETE FROM counts WHERE day=? AND domain=?", "DELETE FROM due WHERE day=? AND domain=?"})
    if (auto done = database_.prepare(sql).bind(1, day).bind(2, domain).run(); !done) return done;
  return transaction.commit();
}

}  // namespace waxwing
