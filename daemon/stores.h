#pragma once

#include <memory>
#include <string_view>

#include "auth/directory.h"
#include "base/clock.h"
#include "config/settings.h"
#include "protocols/mail/srs.h"
#include "storage/daily_counts.h"
#include "storage/policy_cache.h"
#include "storage/queue.h"
#include "storage/quota.h"
#include "storage/send_counts.h"
#include "storage/store.h"
#include "storage/tls_sessions.h"
#include "storage/trace.h"

namespace waxwing {

// What lies in data_dir, opened. Whoever opens it holds the lock.
struct Stores {
  static Result<std::unique_ptr<Stores>> open(std::shared_ptr<const Settings> settings);
  ~Stores();

  // What the directory says of an account's limits.
  class AccountQuotas final : public Quotas {
   public:
    explicit AccountQuotas(Directory& directory) : directory_(directory) {}
    Result<QuotaLimits> limits(std::string_view account) override;
    Outcome set_limits(std::string_view account, const QuotaLimits& limits) override;

   private:
    Directory& directory_;
  };

  SystemClock clock;
  SystemDisk disk;
  std::unique_ptr<Directory> directory;
  std::unique_ptr<AccountQuotas> quotas;
  std::shared_ptr<const mail::Srs> srs;
  std::unique_ptr<Trace> trace;
  std::unique_ptr<PolicyCache> policies;
  std::unique_ptr<TlsSessions> tls_sessions;
  std::unique_ptr<SendCounts> send_counts;
  std::unique_ptr<DailyCounts> dmarc_counts;
  std::unique_ptr<Queue> queue;  // outlives the store, which delivers to it
  std::unique_ptr<Store> store;
};

}  // namespace waxwing
