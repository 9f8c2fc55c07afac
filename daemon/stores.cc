#include "daemon/stores.h"

#include <utility>

#include "base/crypto.h"
#include "daemon/mail_router.h"

namespace waxwing {

namespace {

constexpr std::size_t kKey = 32;
constexpr std::int64_t kMostOfDomain = 5'000;  // rows of one report

// The key by which rewritten senders are known: made once. Without it, reports on their way back
// are refused.
Result<std::string> srs_key(Disk& disk, const std::string& data_dir) {
  const std::string path = data_dir + "/srs.key";
  if (const auto file = disk.open(path, Disk::Mode::Read)) {
    auto key = disk.read(*file, 0, kKey);
    if (!key || key->size() == kKey) return key;
    // Cut off when it was made; nothing was sent with it.
    if (auto done = disk.remove(path); !done) return fail(done.error());
  }
  const auto file = disk.open(path, Disk::Mode::Create);
  if (!file) return fail(file.error());
  std::string key = random_bytes(kKey);
  if (auto done = disk.write(*file, key); !done) return fail(done.error());
  if (auto done = disk.sync(*file); !done) return fail(done.error());
  return key;
}

}  // namespace

Result<std::unique_ptr<Stores>> Stores::open(std::shared_ptr<const Settings> current) {
  const Settings& settings = *current;
  auto stores = std::make_unique<Stores>();
  auto directory = Directory::open(settings.data_dir + "/directory.sqlite", stores->clock);
  if (!directory) return fail(directory.error());
  stores->directory = std::move(*directory);
  stores->quotas = std::make_unique<AccountQuotas>(*stores->directory);
  auto key = srs_key(stores->disk, settings.data_dir);
  if (!key) return fail(key.error());
  stores->srs = std::make_shared<const mail::Srs>(std::move(*key));
  auto trace = Trace::open(settings.data_dir, stores->disk, stores->clock);
  if (!trace) return fail(trace.error());
  stores->trace = std::move(*trace);
  auto policies = PolicyCache::open(settings.data_dir, stores->disk);
  if (!policies) return fail(policies.error());
  stores->policies = std::move(*policies);
  auto tls_sessions = TlsSessions::open(settings.data_dir, stores->disk, stores->clock);
  if (!tls_sessions) return fail(tls_sessions.error());
  stores->tls_sessions = std::move(*tls_sessions);
  auto send_counts = SendCounts::open(settings.data_dir, stores->disk, stores->clock);
  if (!send_counts) return fail(send_counts.error());
  stores->send_counts = std::move(*send_counts);
  auto dmarc_counts = DailyCounts::open({.path = settings.data_dir + "/dmarc_results.sqlite",
                                         .warning = "counts for DMARC reports are begun anew",
                                         .most_of_domain = kMostOfDomain},
                                        stores->disk, stores->clock);
  if (!dmarc_counts) return fail(dmarc_counts.error());
  stores->dmarc_counts = std::move(*dmarc_counts);
  auto queue = Queue::open(
      {.data_dir = settings.data_dir, .first_look = settings.queue.delay_notice}, stores->disk,
      stores->clock, [current](const std::string& address) { return next_hop(*current, address); });
  if (!queue) return fail(queue.error());
  stores->queue = std::move(*queue);
  Store::Options options;
  options.data_dir = settings.data_dir;
  options.hostname = settings.hostname;
  options.durability = settings.durability;
  options.free_space = settings.limits.free_space;
  options.text_index = settings.search.index;
  options.message_size = settings.limits.message_size;
  options.quotas = stores->quotas.get();
  auto store = Store::open(options, stores->disk, stores->clock);
  if (!store) return fail(store.error());
  stores->store = std::move(*store);
  return stores;
}

Result<QuotaLimits> Stores::AccountQuotas::limits(std::string_view account) {
  const auto record = directory_.account(account);
  if (record) return QuotaLimits{record->quota_bytes, record->quota_messages};
  // What belongs to a domain has no account.
  const auto code = record.error().code;
  if (code == Error::Code::NotFound || code == Error::Code::Invalid) return QuotaLimits{};
  return fail(record.error());
}

Outcome Stores::AccountQuotas::set_limits(std::string_view account, const QuotaLimits& limits) {
  return directory_.set_quota(account, limits.bytes, limits.messages);
}

Stores::~Stores() {
  if (store) store->close();
}

}  // namespace waxwing
