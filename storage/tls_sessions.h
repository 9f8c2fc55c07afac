#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/daily_counts.h"

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
// data_dir/tls_sessions.sqlite, of which all is said in daily_counts.h. Any thread.
class TlsSessions {
 public:
  struct Count {
    TlsSession session;
    std::uint64_t sessions = 0;
  };
  using Day = DailyCounts::Day;

  static Result<std::unique_ptr<TlsSessions>> open(const std::string& data_dir, Disk& disk,
                                                   const Clock& clock);

  // Never blocks for long.
  void note(TlsSession session);

  // The rest may block.
  Result<std::vector<Day>> before(std::int64_t day) { return counts_->before(day); }
  // How often each session was, those of one policy together.
  Result<std::vector<Count>> sessions(std::int64_t day, std::string_view domain);
  Outcome set_due(const Day& day) { return counts_->set_due(day); }
  Outcome remove(std::int64_t day, std::string_view domain) { return counts_->remove(day, domain); }

  static std::int64_t day_of(Time time) { return DailyCounts::day_of(time); }

 private:
  explicit TlsSessions(std::unique_ptr<DailyCounts> counts) : counts_(std::move(counts)) {}

  std::unique_ptr<DailyCounts> counts_;
};

}  // namespace waxwing
