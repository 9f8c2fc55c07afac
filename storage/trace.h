#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/sqlite.h"
#include "storage/write_behind.h"

namespace waxwing {

class Disk;

// What was decided about each message, in and out, for who asks where one is:
// data_dir/trace.sqlite. Kept for thirty days. It is written behind, by a thread of its own: nobody
// waits for it, and what was noted in the last moment before a crash is missing. Any thread.
class Trace {
 public:
  struct Note {
    std::string id;  // of the message, as Received has it
    // What people look for it by; those that are known when it is noted.
    std::string message_id, sender;
    std::vector<std::string> recipients;
    std::string text;                       // one line, for people
    std::optional<Time> at = std::nullopt;  // when it was so, if that is not now
  };
  struct Event {
    std::int64_t at = 0;  // Unix milliseconds
    std::string id, text;
  };

  static Result<std::unique_ptr<Trace>> open(const std::string& data_dir, Disk& disk,
                                             const Clock& clock);

  // Never blocks for long. When too many wait to be written the new ones are dropped, and counted.
  void note(Note note);
  // What has been noted before is in it. Oldest first, at most `max` messages of them, the newest.
  // `what`: an id, a Message-ID with or without its brackets, or an address. May block.
  Result<std::vector<Event>> find(std::string_view what, std::size_t max);

 private:
  struct Waiting {
    std::int64_t at;
    Note note;
  };
  Trace(sqlite::Database database, const Clock& clock);
  void write_waiting();
  void tidy();
  Outcome write(const std::deque<Waiting>& notes);  // the database's mutex is held
  Outcome forget_old();

  const Clock& clock_;
  std::mutex database_mutex_;  // guards the database; taken before the other
  sqlite::Database database_;
  std::int64_t cleaned_ = 0;  // Unix seconds; the thread's own

  std::mutex mutex_;  // guards both below
  std::deque<Waiting> waiting_;
  std::uint64_t dropped_ = 0;
  WriteBehind writer_;
};

}  // namespace waxwing
