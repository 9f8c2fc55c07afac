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
#include "storage/sqlite.h"
#include "storage/write_behind.h"

namespace waxwing {

class Disk;

// What a domain published of TLS with its servers, as reports name it.  RFC 8460 section 4.4
struct TlsPolicy {
  enum class Kind { None, Sts, Tlsa };
  Kind kind = Kind::None;
  std::string domain;                // of the recipients, in A-labels
  std::vector<std::string> strings;  // the lines of the policy, or "3 1 1 0123..."; may be unknown
  std::vector<std::string> mx;       // patterns of an MTA-STS policy
};

// One connection to a server of that domain, or that there was none because of its policy.
struct TlsSession {
  std::shared_ptr<const TlsPolicy> policy;
  std::string result;  // of RFC 8460 section 4.3; empty: it went well
  std::string mx;      // the server; empty: none was asked
  std::string address, our_address;
  std::string reason;  // for people
};

// How TLS went with other servers, by UTC day and domain, until it is reported:
// data_dir/tls_sessions.sqlite. It is written behind, by a thread of its own: nobody waits for it,
// and what was noted in the last moment before a crash is missing. Any thread.
class TlsSessions {
 public:
  struct Count {
    TlsSession session;
    std::uint64_t sessions = 0;
  };
  struct Day {
    std::int64_t day = 0;  // since 1970-01-01, UTC
    std::string domain;
    std::int64_t due = 0;  // when its report is tried next, Unix seconds; 0: not decided
  };

  static Result<std::unique_ptr<TlsSessions>> open(const std::string& data_dir, Disk& disk,
                                                   const Clock& clock);

  // Never blocks for long. Of one day at most 50,000 different sessions are kept, and 200 of one
  // domain; others are dropped.
  void note(TlsSession session);

  // The rest may block. What has been noted before is in what they say.
  // Days and domains with something to report; of days before `day` only.
  Result<std::vector<Day>> before(std::int64_t day);
  // How often each session was, those of one policy together.
  Result<std::vector<Count>> sessions(std::int64_t day, std::string_view domain);
  Outcome set_due(const Day& day);
  // It is reported, or nobody wants to know.
  Outcome remove(std::int64_t day, std::string_view domain);

  static std::int64_t day_of(Time time) { return unix_seconds(time) / 86400; }

 private:
  struct Key {
    std::int64_t day;
    std::string domain, policy, result, mx, address, our_address, reason;
    auto operator<=>(const Key&) const = default;
  };
  TlsSessions(sqlite::Database database, const Clock& clock);
  // All that waits, written. The database's mutex is held.
  Outcome write_waiting();
  Outcome write(const std::map<Key, std::uint64_t>& counts);

  const Clock& clock_;
  std::mutex database_mutex_;  // guards the database; taken before the other
  sqlite::Database database_;

  std::mutex mutex_;  // guards what is below
  std::map<Key, std::uint64_t> waiting_;
  WriteBehind writer_;
};

}  // namespace waxwing
