#include "storage/send_counts.h"

#include <chrono>
#include <utility>

#include "base/log.h"
#include "storage/disposable_db.h"

namespace waxwing {
namespace {

constexpr std::int64_t kSendCountsVersion = 1;
constexpr std::int64_t kSlot = 300;  // seconds
constexpr std::int64_t kHour = 3600 / kSlot, kDay = 86400 / kSlot;
constexpr std::chrono::milliseconds kSendGather{1000};

constexpr const char* kSendCountsTables =
    "CREATE TABLE IF NOT EXISTS sends(account TEXT NOT NULL, slot INTEGER NOT NULL,"
    " recipients INTEGER NOT NULL, PRIMARY KEY(account, slot)) WITHOUT ROWID;";

std::int64_t slot_of(Time time) {
  return unix_seconds(time) / kSlot;
}

}  // namespace

Result<std::unique_ptr<SendCounts>> SendCounts::open(const std::string& data_dir, Disk& disk,
                                                     const Clock& clock) {
  auto database = open_disposable_db(disk, data_dir + "/send_counts.sqlite", kSendCountsTables,
                                     kSendCountsVersion, "counts of sent mail are begun anew");
  if (!database) return fail(database.error());
  std::unique_ptr<SendCounts> counts(new SendCounts(std::move(*database), clock));
  if (auto done = counts->load(); !done) return fail(done.error());
  counts->writer_.emplace(kSendGather, [&counts = *counts] { counts.write_changed(); });
  return counts;
}

SendCounts::SendCounts(sqlite::Database database, const Clock& clock)
    : clock_(clock), database_(std::move(database)) {}

Outcome SendCounts::load() {
  auto select = database_.prepare("SELECT account, slot, recipients FROM sends WHERE slot > ?");
  select.bind(1, slot_of(clock_.now()) - kDay);
  while (select.step()) {
    accounts_[std::string(select.text(0))][select.integer(1)] =
        static_cast<std::uint64_t>(select.integer(2));
  }
  return select.finish();
}

// The window slides: the last twelve slots are an hour, and the oldest of them leaves first.
std::optional<SendCounts::Excess> SendCounts::excess(Slots& slots, std::uint64_t recipients,
                                                     const Limits& limits) const {
  const Slot now = slot_of(clock_.now());
  slots.erase(slots.begin(), slots.upper_bound(now - kDay));
  const auto look = [&](std::int64_t length, std::uint64_t limit,
                        bool is_of_day) -> std::optional<Excess> {
    if (limit == 0) return std::nullopt;
    const auto begin = slots.upper_bound(now - length);
    std::uint64_t sent = 0;
    for (auto each = begin; each != slots.end(); ++each) sent += each->second;
    if (sent + recipients <= limit) return std::nullopt;
    Slot free = now + 1;
    for (auto each = begin; each != slots.end() && sent + recipients > limit; ++each) {
      sent -= each->second;
      free = each->first + length;
    }
    return Excess{limit, is_of_day, from_unix_seconds(free * kSlot)};
  };
  auto day = look(kDay, limits.per_day, true);
  return day ? day : look(kHour, limits.per_hour, false);
}

std::optional<SendCounts::Excess> SendCounts::check(std::string_view account,
                                                    std::uint64_t recipients,
                                                    const Limits& limits) {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(account);
  Slots none;
  return excess(found == accounts_.end() ? none : found->second, recipients, limits);
}

std::optional<SendCounts::Excess> SendCounts::take(std::string_view account,
                                                   std::uint64_t recipients, const Limits& limits) {
  const std::lock_guard lock(mutex_);
  auto found = accounts_.find(account);
  if (found == accounts_.end()) found = accounts_.emplace(account, Slots()).first;
  if (auto too_many = excess(found->second, recipients, limits)) return too_many;
  const Slot now = slot_of(clock_.now());
  const std::uint64_t sum = found->second[now] += recipients;
  changed_[{found->first, now}] = sum;
  writer_->poke();
  return std::nullopt;
}

void SendCounts::write_changed() {
  std::map<std::pair<std::string, Slot>, std::uint64_t> changed;
  {
    const std::lock_guard lock(mutex_);
    changed.swap(changed_);
  }
  if (auto done = write(changed, slot_of(clock_.now()) - kDay); !done)
    log.warning("counts of sent mail are not kept", {{"reason", done.error().text}});
}

Outcome SendCounts::write(const std::map<std::pair<std::string, Slot>, std::uint64_t>& changed,
                          Slot oldest) {
  if (changed.empty()) return {};
  sqlite::Transaction transaction(database_);
  auto replace = database_.prepare("INSERT OR REPLACE INTO sends VALUES(?, ?, ?)");
  for (const auto& [key, recipients] : changed) {
    auto done = replace.bind(1, key.first)
                    .bind(2, key.second)
                    .bind(3, static_cast<std::int64_t>(recipients))
                    .run();
    if (!done) return done;
  }
  auto done = database_.prepare("DELETE FROM sends WHERE slot <= ?").bind(1, oldest).run();
  if (!done) return done;
  return transaction.commit();
}

}  // namespace waxwing
