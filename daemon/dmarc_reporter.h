#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "auth/public_suffixes.h"
#include "auth/timed_lookup.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "daemon/dmarc_report.h"
#include "daemon/lanes.h"
#include "daemon/sender_policy.h"
#include "daemon/sender_verification.h"
#include "protocols/dns/resolver.h"
#include "storage/daily_counts.h"

namespace waxwing {

// What the domain of a message's author is told; nothing where its DMARC record asks for nothing,
// or nobody could tell whether it sent the message.
struct DmarcNote {
  std::string domain;  // whose record it is
  DmarcResult result;
};
std::optional<DmarcNote> dmarc_note(const SentMessage& sent, const SenderVerdicts& found,
                                    const SenderDecision& decision);

// Tells domains what came in their name, where they ask for it and the operator wants it
// (dmarc_reports.send).  RFC 7489 section 7.2. Any thread.
//
// One report for each domain and day (UTC), at a moment within four hours of its end that is chosen
// at random. Where that fails it is tried again each hour, and dropped, with a line in the log,
// when 24 hours are over. It goes to all addresses that the domain names now, by mail, and it is
// done when one has taken it. Addresses of other organizations must agree to be told (section 7.1).
class DmarcReporter {
 public:
  // Takes a report that is a mail to that address, for good.
  using Mail =
      std::function<Outcome(const std::string& id, const std::string& to, std::string_view text)>;
  struct Parts {
    std::shared_ptr<const Settings> settings;
    DailyCounts& counts;
    dns::Resolver& resolver;
    const PublicSuffixes& suffixes;
    Lanes& lanes;
    const Clock& clock;
    Mail mail;
  };
  // They outlive it.
  explicit DmarcReporter(Parts parts);
  void use(std::shared_ptr<const Settings> settings);
  // Reports end soon, and none is begun any more.
  void stop() { is_stopping_ = true; }

  // Notes a message, unless reports are not wanted here. Never blocks for long.
  void note(const SentMessage& sent, const SenderVerdicts& found, const SenderDecision& decision);
  // Sends what is due. To be called each minute or so; returns at once.
  void look();
  // Sends what is known of a domain, today's as well, which is over with it. One sentence of what
  // became of it. Blocks on the DNS and the disk.
  Result<std::string> send_now(const std::string& domain);

 private:
  std::shared_ptr<const Settings> settings() const;
  void look_now();
  void decide(DailyCounts::Day day);
  // One sentence. NotFound where nobody wants it: it is over then, too.
  Result<std::string> send(const DailyCounts::Day& day);
  Result<DmarcReport> report_of(const DailyCounts::Day& day);
  Result<std::vector<DmarcReportTarget>> find_targets(const std::string& domain);
  Result<bool> agrees(TimedLookup& lookup, const std::string& domain,
                      const DmarcReportTarget& target) const;
  std::int64_t now() const { return unix_seconds(parts_.clock.now()); }

  const Parts parts_;
  std::atomic<bool> is_stopping_ = false, is_looking_ = false;
  std::mutex sending_;        // one report at a time, so that none is sent twice
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<const Settings> settings_;
  std::mt19937_64 random_;
};

}  // namespace waxwing
