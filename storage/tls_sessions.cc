#include "storage/tls_sessions.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "storage/disposable_db.h"

namespace waxwing {
namespace {

using nlohmann::json;

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMostWaiting = 2'000;
constexpr std::int64_t kMostOfDay = 50'000, kMostOfDomain = 200;
constexpr std::chrono::milliseconds kGather{5000};

constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS sessions(day INTEGER NOT NULL, domain TEXT NOT NULL,"
    " policy TEXT NOT NULL, result TEXT NOT NULL, mx TEXT NOT NULL, address TEXT NOT NULL,"
    " our_address TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY(day, domain, policy, result, mx, address, our_address, reason)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS due(day INTEGER NOT NULL, domain TEXT NOT NULL,"
    " due INTEGER NOT NULL, PRIMARY KEY(day, domain)) WITHOUT ROWID;";

std::string print(const TlsPolicy& policy) {
  return json{
      {"kind", static_cast<int>(policy.kind)}, {"strings", policy.strings}, {"mx", policy.mx}}
      .dump(-1, ' ', true, json::error_handler_t::replace);
}

std::shared_ptr<const TlsPolicy> parse(std::string_view text, std::string_view domain) {
  auto policy = std::make_shared<TlsPolicy>();
  policy->domain = domain;
  const auto read = json::parse(text, nullptr, false);
  if (!read.is_object()) return policy;
  policy->kind = static_cast<TlsPolicy::Kind>(read.value("kind", 0));
  policy->strings = read.value("strings", std::vector<std::string>());
  policy->mx = read.value("mx", std::vector<std::string>());
  return policy;
}

}  // namespace

Result<std::unique_ptr<TlsSessions>> TlsSessions::open(const std::string& data_dir, Disk& disk,
                                                       const Clock& clock) {
  auto database = open_disposable_db(disk, data_dir + "/tls_sessions.sqlite", kTables, kVersion,
                                     "counts of TLS sessions are begun anew");
  if (!database) return fail(database.error());
  return std::unique_ptr<TlsSessions>(new TlsSessions(std::move(*database), clock));
}

TlsSessions::TlsSessions(sqlite::Database database, const Clock& clock)
    : clock_(clock), database_(std::move(database)), writer_(kGather, [this] {
        const std::lock_guard lock(database_mutex_);
        if (auto done = write_waiting(); !done)
          log.warning("counts of TLS sessions are lost", {{"reason", done.error().text}});
      }) {}

void TlsSessions::note(TlsSession session) {
  if (!session.policy) return;
  Key key{day_of(clock_.now()),           session.policy->domain,   print(*session.policy),
          std::move(session.result),      std::move(session.mx),    std::move(session.address),
          std::move(session.our_address), std::move(session.reason)};
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostWaiting && !waiting_.contains(key)) return;
    ++waiting_[std::move(key)];
  }
  writer_.poke();
}

Outcome TlsSessions::write_waiting() {
  std::map<Key, std::uint64_t> counts;
  {
    const std::lock_guard lock(mutex_);
    counts = std::exchange(waiting_, {});
  }
  return counts.empty() ? Outcome{} : write(counts);
}

Outcome TlsSessions::write(const std::map<Key, std::uint64_t>& counts) {
  sqlite::Transaction transaction(database_);
  auto more = database_.prepare(
      "UPDATE sessions SET count=count+?9 WHERE day=?1 AND domain=?2 AND policy=?3 AND result=?4"
      " AND mx=?5 AND address=?6 AND our_address=?7 AND reason=?8");
  auto first = database_.prepare(
      "INSERT OR IGNORE INTO sessions SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9"
      " WHERE (SELECT count(*) FROM sessions WHERE day=?1) < ?10"
      " AND (SELECT count(*) FROM sessions WHERE day=?1 AND domain=?2) < ?11");
  for (const auto& [key, count] : counts) {
    const auto bind = [&](sqlite::Statement& statement) -> sqlite::Statement& {
      return statement.bind(1, key.day)
          .bind(2, key.domain)
          .bind(3, key.policy)
          .bind(4, key.result)
          .bind(5, key.mx)
          .bind(6, key.address)
          .bind(7, key.our_address)
          .bind(8, key.reason)
          .bind(9, static_cast<std::int64_t>(count));
    };
    if (auto done = bind(more).run(); !done) return done;
    const auto changed = database_.integer("SELECT changes()");
    if (!changed) return fail(changed.error());
    if (*changed > 0) continue;
    if (auto done = bind(first).bind(10, kMostOfDay).bind(11, kMostOfDomain).run(); !done)
      return done;
  }
  return transaction.commit();
}

Result<std::vector<TlsSessions::Day>> TlsSessions::before(std::int64_t day) {
  const std::lock_guard lock(database_mutex_);
  if (auto done = write_waiting(); !done) return fail(done.error());
  std::vector<Day> all;
  auto select = database_.prepare(
      "SELECT DISTINCT s.day, s.domain, coalesce(d.due, 0) FROM sessions s"
      " LEFT JOIN due d ON d.day=s.day AND d.domain=s.domain WHERE s.day<?");
  select.bind(1, day);
  while (select.step())
    all.push_back({select.integer(0), std::string(select.text(1)), select.integer(2)});
  if (auto done = select.finish(); !done) return fail(done.error());
  return all;
}

Result<std::vector<TlsSessions::Count>> TlsSessions::sessions(std::int64_t day,
                                                              std::string_view domain) {
  const std::lock_guard lock(database_mutex_);
  if (auto done = write_waiting(); !done) return fail(done.error());
  std::vector<Count> all;
  std::string last;
  auto select = database_.prepare(
      "SELECT policy, result, mx, address, our_address, reason, count FROM sessions"
      " WHERE day=? AND domain=? ORDER BY policy, result, mx, address");
  select.bind(1, day).bind(2, domain);
  while (select.step()) {
    Count count;
    const bool is_same = !all.empty() && last == select.text(0);
    last = select.text(0);
    count.session = {is_same ? all.back().session.policy : parse(last, domain),
                     std::string(select.text(1)),
                     std::string(select.text(2)),
                     std::string(select.text(3)),
                     std::string(select.text(4)),
                     std::string(select.text(5))};
    count.sessions = static_cast<std::uint64_t>(select.integer(6));
    all.push_back(std::move(count));
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  return all;
}

Outcome TlsSessions::set_due(const Day& day) {
  const std::lock_guard lock(database_mutex_);
  return database_.prepare("INSERT OR REPLACE INTO due VALUES(?, ?, ?)")
      .bind(1, day.day)
      .bind(2, day.domain)
      .bind(3, day.due)
      .run();
}

Outcome TlsSessions::remove(std::int64_t day, std::string_view domain) {
  const std::lock_guard lock(database_mutex_);
  if (auto done = write_waiting(); !done) return done;
  sqlite::Transaction transaction(database_);
  for (const char* sql : {"DELETE FROM sessions WHERE day=? AND domain=?",
                          "DELETE FROM due WHERE day=? AND domain=?"}) {
    if (auto done = database_.prepare(sql).bind(1, day).bind(2, domain).run(); !done) return done;
  }
  return transaction.commit();
}

}  // namespace waxwing
