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

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "daemon/https_client.h"
#include "daemon/lanes.h"
#include "daemon/tls_report.h"
#include "protocols/dns/resolver.h"
#include "protocols/dns/tls_report_record.h"
#include "storage/tls_sessions.h"

namespace waxwing {

// Tells domains how TLS went with their servers, where they ask for it.  RFC 8460. Any thread.
//
// A day's report goes out when the day (UTC) is over, at a moment within four hours that is chosen
// at random for each domain (section 4.1). Where that fails it is tried again each hour, and
// dropped, with a line in the log, when 24 hours are over. It is delivered when one of the places
// that the domain names has taken it. The day's counts go with it.
//
// A report by HTTPS goes to any address, as a policy comes from any (sts_policies.h): nothing is
// sent before the certificate has proved the name.
class TlsReporter {
 public:
  using Post = std::function<HttpsAnswer(const HttpsRequest&)>;
  // Takes a report that is a mail to that address, for good.
  using Mail =
      std::function<Outcome(const std::string& id, const std::string& to, std::string_view text)>;
  struct Parts {
    std::shared_ptr<const Settings> settings;
    TlsSessions& sessions;
    dns::Resolver& resolver;
    Lanes& lanes;
    const Clock& clock;
    Mail mail;
    Post post = ask_by_https;
  };
  // They outlive it, and all that it asked them.
  explicit TlsReporter(Parts parts);
  void use(std::shared_ptr<const Settings> settings);
  // Reports end within a second, and none is begun any more.
  void stop() { is_stopping_ = true; }

  // Notes a session, unless reports are not wanted here. Never blocks for long.
  void note(TlsSession session);
  // Sends what is due. To be called each minute or so; returns at once.
  void look();
  // Sends what is known of a domain, today's as well, which is over with it. One sentence of what
  // became of it. Blocks; not on a loop or a lane.
  Result<std::string> send_now(const std::string& domain);

 private:
  // One domain's day on its way.
  struct Task {
    std::int64_t day = 0;
    std::string domain;
    std::vector<dns::TlsReportTarget> targets;
    std::function<void(Result<std::string>)> ended;
  };

  std::shared_ptr<const Settings> settings() const;
  void look_now();
  void decide(TlsSessions::Day day);
  void begin(Task task);
  void found_record(Task task, const dns::Answer& answer);
  void find_addresses(Task task, std::size_t next, std::vector<std::vector<IpAddress>> addresses);
  void in_lane(const Task& task, std::function<void()> job);
  void deliver(const Task& task, const std::vector<std::vector<IpAddress>>& addresses);
  Outcome deliver_to(const dns::TlsReportTarget& target, const std::vector<IpAddress>& addresses,
                     const TlsReport& report, const std::string& packed);
  void end(const Task& task, Result<std::string> result);
  std::int64_t now() const { return unix_seconds(parts_.clock.now()); }

  const Parts parts_;
  std::atomic<bool> is_stopping_ = false, is_looking_ = false;
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<const Settings> settings_;
  std::set<std::pair<std::int64_t, std::string>> under_way_;
  std::mt19937_64 random_;
};

}  // namespace waxwing
