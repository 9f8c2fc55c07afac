#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/text.h"
#include "storage/sqlite.h"
#include "storage/write_behind.h"

namespace waxwing {

class Disk;

// How many recipients on other servers each account wrote to within the last day:
// data_dir/send_counts.sqlite. All of it is in memory and written behind by a thread of its own, so
// that a restart forgets nothing but what was counted in the last moment before a crash. Any
// thread.
class SendCounts {
 public:
  struct Limits {
    std::uint64_t per_hour = 0, per_day = 0;  // 0: any number
  };
  // Too much was sent.
  struct Excess {
    std::uint64_t limit = 0;
    bool is_of_day = false;  // otherwise of the hour
    Time until;              // then there is room again
  };

  static Result<std::unique_ptr<SendCounts>> open(const std::string& data_dir, Disk& disk,
                                                  const Clock& clock);

  // Would so many more be too many? Never blocks.
  std::optional<Excess> check(std::string_view account, std::uint64_t recipients,
                              const Limits& limits);
  // The same; where it is not, they are counted.
  std::optional<Excess> take(std::string_view account, std::uint64_t recipients,
                             const Limits& limits);

 private:
  using Slot = std::int64_t;  // five minutes, since 1970
  using Slots = std::map<Slot, std::uint64_t>;
  SendCounts(sqlite::Database database, const Clock& clock);
  Outcome load();
  std::optional<Excess> excess(Slots& slots, std::uint64_t recipients, const Limits& limits) const;
  void write_changed();
  Outcome write(const std::map<std::pair<std::string, Slot>, std::uint64_t>& changed, Slot oldest);

  const Clock& clock_;
  sqlite::Database database_;  // of the writer, once it is there

  std::mutex mutex_;  // guards what is below
  std::map<std::string, Slots, std::less<>> accounts_;
  std::map<std::pair<std::string, Slot>, std::uint64_t> changed_;
  std::optional<WriteBehind> writer_;
};

}  // namespace waxwing
