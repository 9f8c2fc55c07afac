#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "daemon/https_client.h"
#include "daemon/lanes.h"
#include "protocols/dns/resolver.h"
#include "protocols/dns/sts_policy.h"
#include "storage/policy_cache.h"

namespace waxwing {

// What domains say of their servers by MTA-STS (RFC 8461): asks the DNS whether there is a policy,
// fetches it by HTTPS, and remembers it for as long as it says. Any thread.
//
// - Each find() asks one question (TXT). Nothing is fetched for a domain without that record, and
//   after a fetch that failed nothing for five minutes, unless the record's id changes. Section 3.3
// - A policy that holds is answered with at once, whatever the DNS says now. It is fetched again in
//   the background when the id has changed or half of its time is over; when that fails, it holds
//   until its time is over.  Section 5.1
// - Only a domain met for the first time is waited for, at most about a minute.
// - Five fetches at a time and 1,000 that wait, 20,000 policies and 32 MiB of them: what is used
//   least is forgotten first.
//
// The web server may have any address, also a private one. Who publishes such an address can make
// us begin a TLS handshake within our network, which the MX records of the same domain can do just
// as well; nothing is sent before the certificate has proved the name, what comes back is kept only
// when it is a policy, and the domain is not told how it went wrong. To refuse them would break
// networks that have a DNS of their own.
class StsPolicies {
 public:
  struct Policy {
    dns::StsPolicy rules;
    std::string text;  // as it was fetched
  };
  struct Found {
    enum class Trouble { None, Fetch, Invalid, Certificate };
    std::shared_ptr<const Policy> policy;  // null: the domain has none that holds
    Trouble trouble = Trouble::None;       // it should have one, but that is not to be had
  };
  using Fetch = std::function<HttpsAnswer(const HttpsRequest&)>;

  // They outlive it, and all that it asked them. May block: reads what is remembered.
  StsPolicies(std::shared_ptr<const Settings> settings, dns::Resolver& resolver, Lanes& lanes,
              PolicyCache& cache, const Clock& clock, Fetch fetch = ask_by_https);
  void use(std::shared_ptr<const Settings> settings);
  // Fetches end within a second, and none is begun any more.
  void stop() { is_stopping_ = true; }

  // `found` is called once, on any thread, perhaps before this returns; after stop() perhaps never.
  // `domain` in A-labels.
  void find(const std::string& domain, std::function<void(Found)> found);

 private:
  using Finder = std::function<void(Found)>;
  struct Entry {
    std::shared_ptr<const Policy> policy;
    std::string id;
    std::int64_t fetched = 0, expires = 0;
    std::uint64_t used = 0;
  };
  struct Failure {
    std::string id;
    Found::Trouble trouble = Found::Trouble::Fetch;
    std::int64_t until = 0;
  };
  struct Order {
    std::string domain, id;
    Steady since;
  };

  void answered(const std::string& domain, const dns::Answer& answer, Finder found);
  void order(const std::string& domain, const std::string& id, Finder found);
  void start_next();
  void find_web_server(Order order);
  void fetch(const Order& order, const std::vector<IpAddress>& addresses);
  void fetched(const Order& order, const HttpsAnswer& answer);
  void failed(const Order& order, Found::Trouble trouble, const std::string& why);
  void keep(const Order& order, std::shared_ptr<const Policy> policy);
  void finish(const Order& order);
  std::shared_ptr<const Policy> valid(const std::string& domain);
  std::vector<std::string> make_room();
  void load();
  std::int64_t now() const { return unix_seconds(clock_.now()); }

  dns::Resolver& resolver_;
  Lanes& lanes_;
  PolicyCache& cache_;
  const Clock& clock_;
  const Fetch fetch_;
  std::atomic<bool> is_stopping_ = false;
  std::mutex mutex_;  // guards all below
  std::shared_ptr<const Settings> settings_;
  std::unordered_map<std::string, Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t uses_ = 0;
  std::unordered_map<std::string, Failure> failures_;
  std::unordered_map<std::string, std::vector<Finder>> fetching_;  // who waits for it
  std::deque<Order> waiting_;
  int running_ = 0;
};

}  // namespace waxwing
