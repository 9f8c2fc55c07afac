#include "storage/trace.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "storage/disposable_db.h"

namespace waxwing {
namespace {

constexpr std::int64_t kTraceVersion = 1;
constexpr std::int64_t kKeep = 30 * 86400, kCleanEvery = 3600;  // seconds
constexpr std::size_t kMostEventsWaiting = 50'000;
constexpr std::chrono::milliseconds kTraceGather{200};
constexpr int kForgetAtOnce = 20'000;

constexpr const char* kTraceTables =
    "CREATE TABLE IF NOT EXISTS events(at INTEGER NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS events_id ON events(id);"
    "CREATE INDEX IF NOT EXISTS events_at ON events(at);"
    // What a message is found by: its Message-ID, and the addresses.
    "CREATE TABLE IF NOT EXISTS keys(key TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,"
    "  PRIMARY KEY(key, id)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS keys_at ON keys(at);";

// People type addresses in any case, and a Message-ID with its brackets or without.
std::string key_of(std::string_view text) {
  if (text.starts_with('<')) text.remove_prefix(1);
  if (text.ends_with('>')) text.remove_suffix(1);
  return to_lower(text);
}

std::int64_t milliseconds(Time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Result<std::unique_ptr<Trace>> Trace::open(const std::string& data_dir, Disk& disk,
                                           const Clock& clock) {
  auto database = open_disposable_db(disk, data_dir + "/trace.sqlite", kTraceTables, kTraceVersion,
                                     "trace is begun anew");
  if (!database) return fail(database.error());
  return std::unique_ptr<Trace>(new Trace(std::move(*database), clock));
}

Trace::Trace(sqlite::Database database, const Clock& clock)
    : clock_(clock), database_(std::move(database)), writer_(kTraceGather, [this] { tidy(); }) {}

void Trace::note(Note note) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostEventsWaiting) {
      ++dropped_;
      return;
    }
    waiting_.push_back({milliseconds(note.at.value_or(clock_.now())), std::move(note)});
  }
  writer_.poke();
}

void Trace::write_waiting() {
  // Before the notes are taken: who asks next must not come between that and the writing.
  const std::lock_guard database_lock(database_mutex_);
  std::deque<Waiting> notes;
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    notes.swap(waiting_);
    dropped = std::exchange(dropped_, 0);
  }
  if (dropped > 0) log.warning("trace has gaps", {{"notes", dropped}});
  if (auto done = write(notes); !done)
    log.warning("trace cannot be written", {{"reason", done.error().text}});
}

void Trace::tidy() {
  write_waiting();
  if (auto done = forget_old(); !done)
    log.warning("old trace stays", {{"reason", done.error().text}});
}

Outcome Trace::write(const std::deque<Waiting>& notes) {
  sqlite::Transaction transaction(database_);
  auto event = database_.prepare("INSERT INTO events VALUES(?, ?, ?)");
  auto key = database_.prepare("INSERT OR IGNORE INTO keys VALUES(?, ?, ?)");
  for (const auto& waiting : notes) {
    const auto& note = waiting.note;
    auto done = event.bind(1, waiting.at).bind(2, note.id).bind(3, note.text).run();
    // Who writes to himself, or to an address that is an account, is named twice.
    std::set<std::string> names = {key_of(note.message_id), key_of(note.sender)};
    for (const auto& recipient : note.recipients) names.insert(key_of(recipient));
    names.erase("");
    for (const auto& name : names) {
      if (done) done = key.bind(1, name).bind(2, note.id).bind(3, waiting.at).run();
    }
    if (!done) return done;
  }
  return transaction.commit();
}

// A part at a time, so that who asks meanwhile does not wait for the rest.
Outcome Trace::forget_old() {
  const std::int64_t now = unix_seconds(clock_.now());
  if (now < cleaned_ + kCleanEvery) return {};
  cleaned_ = now;
  for (const char* table : {"events", "keys"}) {
    const std::string column = table == std::string_view("events") ? "rowid" : "(key, id)";
    const std::string names = table == std::string_view("events") ? "rowid" : "key, id";
    for (std::int64_t gone = kForgetAtOnce; gone == kForgetAtOnce;) {
      const std::lock_guard lock(database_mutex_);
      auto remove = database_.prepare("DELETE FROM " + std::string(table) + " WHERE " + column +
                                      " IN (SELECT " + names + " FROM " + table +
                                      " WHERE at<? ORDER BY at LIMIT ?)");
      remove.bind(1, (now - kKeep) * 1000).bind(2, std::int64_t{kForgetAtOnce});
      if (auto done = remove.run(); !done) return done;
      const auto changes = database_.integer("SELECT changes()");
      if (!changes) return fail(changes.error());
      gone = *changes;
    }
  }
  return {};
}

Result<std::vector<Trace::Event>> Trace::find(std::string_view what, std::size_t max) {
  write_waiting();
  const std::lock_guard lock(database_mutex_);
  std::set<std::string> ids;
  auto by_id = database_.prepare("SELECT 1 FROM events WHERE id=? LIMIT 1");
  if (by_id.bind(1, what).step()) ids.emplace(what);
  if (auto done = by_id.finish(); !done) return fail(done.error());
  auto by_key = database_.prepare("SELECT id FROM keys WHERE key=? ORDER BY at DESC LIMIT ?");
  const std::string key = key_of(what);
  by_key.bind(1, key).bind(2, static_cast<std::int64_t>(max));
  while (by_key.step()) ids.emplace(by_key.text(0));
  if (auto done = by_key.finish(); !done) return fail(done.error());
  std::vector<Event> events;
  auto select = database_.prepare("SELECT at, text FROM events WHERE id=? ORDER BY rowid");
  for (const auto& id : ids) {
    select.bind(1, id);
    while (select.step()) events.push_back({select.integer(0), id, std::string(select.text(1))});
    if (auto done = select.finish(); !done) return fail(done.error());
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return events;
}

}  // namespace waxwing
