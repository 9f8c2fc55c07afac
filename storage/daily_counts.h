#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/sqlite.h"
#include "storage/write_behind.h"

namespace waxwing {

class Disk;

// How often something happened, by UTC day and domain, until the domain is told: a database of its
// own. What happened is a text, which means something to who notes it. It is written behind, by a
// thread of its own: nobody waits for it, and what was noted in the last moment before a crash is
// missing. Any thread.
class DailyCounts {
 public:
  struct Options {
    std::string path;
    const char* warning = "";  // for the log, when the file was damaged: "... are begun anew"
    // Of different texts; what would be more is dropped.
    std::int64_t most_of_day = 50'000, most_of_domain = 200;
  };
  struct Day {
    std::int64_t day = 0;  // since 1970-01-01, UTC
    std::string domain;
    std::int64_t due = 0;  // when its report is tried next, Unix seconds; 0: not decided
  };
  struct Count {
    std::string text;
    std::uint64_t count = 0;
  };

  static Result<std::unique_ptr<DailyCounts>> open(const Options& options, Disk& disk,
                                                   const Clock& clock);

  // Once more, today. Never blocks for long.
  void note(std::string domain, std::string text);

  // The rest may block. What has been noted before is in what they say.
  // Days and domains with something to report; of days before `day` only.
  Result<std::vector<Day>> before(std::int64_t day);
  // In the order of the texts.
  Result<std::vector<Count>> counts(std::int64_t day, std::string_view domain);
  Outcome set_due(const Day& day);
  // It is reported, or nobody wants to know.
  Outcome remove(std::int64_t day, std::string_view domain);

  static std::int64_t day_of(Time time) { return unix_seconds(time) / 86400; }

 private:
  struct Key {
    std::int64_t day;
    std::string domain, text;
    auto operator<=>(const Key&) const = default;
  };
  DailyCounts(const Options& options, sqlite::Database database, const Clock& clock);
  // All that waits, written. The database's mutex is held.
  Outcome write_waiting();
  Outcome write(const std::map<Key, std::uint64_t>& counts);

  const Options options_;
  const Clock& clock_;
  std::mutex database_mutex_;  // guards the database; taken before the other
  sqlite::Database database_;

  std::mutex mutex_;  // guards what is below
  std::map<Key, std::uint64_t> waiting_;
  WriteBehind writer_;
};

}  // namespace waxwing
