#include "daemon/sts_policies.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "protocols/dns/records.h"

namespace waxwing {
namespace {

using std::chrono::seconds;
using Mode = dns::StsPolicy::Mode;

constexpr int kFetchesAtOnce = 5;
constexpr std::size_t kMostWaiting = 1000;
constexpr seconds kLongestWait{60};
constexpr std::size_t kMostPolicies = 20'000, kMostBytes = 32 << 20, kMostFailures = 20'000;
constexpr std::int64_t kTryAgain = 300;  // seconds.  RFC 8461 section 3.3

std::optional<std::string> id_of(const dns::Answer& answer) {
  if (answer.status != dns::Answer::Status::Found) return std::nullopt;
  std::vector<std::string> texts;
  for (const auto& record : answer.records)
    if (auto text = dns::decode_txt(record)) texts.push_back(std::move(*text));
  return dns::sts_id(texts);
}

// The media type without its parameters.
bool is_plain_text(std::string_view type) {
  return equals_ignoring_case(trim(type.substr(0, type.find(';'))), "text/plain");
}

std::string web_server(const std::string& domain) {
  return "mta-sts." + domain;
}

const char* name_of(Mode mode) {
  switch (mode) {
    case Mode::None: return "none";
    case Mode::Testing: return "testing";
    case Mode::Enforce: return "enforce";
  }
  return "";
}

}  // namespace

StsPolicies::StsPolicies(std::shared_ptr<const Settings> settings, dns::Resolver& resolver,
                         Lanes& lanes, PolicyCache& cache, const Clock& clock, Fetch fetch)
    : resolver_(resolver),
      lanes_(lanes),
      cache_(cache),
      clock_(clock),
      fetch_(std::move(fetch)),
      settings_(std::move(settings)) {
  load();
}

void StsPolicies::load() {
  const auto all = cache_.all(kMostPolicies);
  if (!all) return log.error("policies cannot be read", {{"reason", all.error().text}});
  for (const auto& each : *all) {
    auto rules = dns::parse_sts_policy(each.text);
    if (!rules || each.expires <= now() || bytes_ + each.text.size() > kMostBytes) {
      (void)cache_.remove(each.domain);
      continue;
    }
    bytes_ += each.text.size();
    entries_[each.domain] = {std::make_shared<const Policy>(Policy{std::move(*rules), each.text}),
                             each.id, each.fetched, each.expires, 0};
  }
}

void StsPolicies::use(std::shared_ptr<const Settings> settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

void StsPolicies::find(const std::string& domain, std::function<void(Found)> found) {
  constexpr std::size_t kLongestName = 253;
  const std::string name = "_mta-sts." + domain;
  if (domain.starts_with('[') || name.size() > kLongestName) return found({});
  resolver_.resolve({name, dns::Type::Txt},
                    [this, domain, found = std::move(found)](const dns::Answer& answer) {
                      answered(domain, answer, found);
                    });
}

void StsPolicies::answered(const std::string& domain, const dns::Answer& answer, Finder found) {
  const auto id = id_of(answer);
  Found result;
  bool may_try = id.has_value(), is_due = false;
  {
    const std::lock_guard lock(mutex_);
    result.policy = valid(domain);
    if (result.policy) {
      const auto& entry = entries_[domain];
      is_due =
          now() >= entry.fetched + (entry.expires - entry.fetched) / 2 || (id && *id != entry.id);
    }
    const auto failure = failures_.find(domain);
    if (id && failure != failures_.end()) {
      may_try = failure->second.id != *id || failure->second.until <= now();
      if (!may_try && !result.policy) result.trouble = failure->second.trouble;
    }
  }
  if (!may_try || (result.policy && !is_due)) return found(std::move(result));
  if (!result.policy) return order(domain, *id, std::move(found));
  found(std::move(result));
  order(domain, *id, [](const Found&) {});
}

// What holds now. The mutex is held.
std::shared_ptr<const StsPolicies::Policy> StsPolicies::valid(const std::string& domain) {
  const auto entry = entries_.find(domain);
  if (entry == entries_.end() || entry->second.expires <= now()) return nullptr;
  entry->second.used = ++uses_;
  return entry->second.policy;
}

void StsPolicies::order(const std::string& domain, const std::string& id, Finder found) {
  {
    const std::lock_guard lock(mutex_);
    const auto [fetching, is_first] = fetching_.try_emplace(domain);
    fetching->second.push_back(std::move(found));
    if (!is_first) return;
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back({domain, id, clock_.steady()});
    } else {
      waiting_.push_front({domain, id, Steady{}});  // its wait is over already
    }
  }
  start_next();
}

void StsPolicies::start_next() {
  while (!is_stopping_) {
    std::optional<Order> next;
    bool is_too_late = false;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) return;
      is_too_late = clock_.steady() - waiting_.front().since > kLongestWait;
      if (!is_too_late && running_ >= kFetchesAtOnce) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      if (!is_too_late) ++running_;
    }
    if (is_too_late) {
      failed(*next, Found::Trouble::Fetch, "too many policies are to be fetched just now");
      finish(*next);
    } else {
      find_web_server(std::move(*next));
    }
  }
}

void StsPolicies::find_web_server(Order order) {
  const std::string host = web_server(order.domain);
  dns::resolve_all(resolver_, {{host, dns::Type::Aaaa}, {host, dns::Type::A}},
                   [this, order = std::move(order)](const std::vector<dns::Answer>& answers) {
                     const auto job = [this, order, addresses = addresses_in(answers)] {
                       fetch(order, addresses);
                       finish(order);
                       {
                         const std::lock_guard lock(mutex_);
                         --running_;
                       }
                       start_next();
                     };
                     // A full lane is a moment's trouble; the lane of a server that stops is of no
                     // use.
                     if (lanes_.submit(Lane::Network, job)) return;
                     failed(order, Found::Trouble::Fetch,
                            "this server has too much to do just now");
                     finish(order);
                     {
                       const std::lock_guard lock(mutex_);
                       --running_;
                     }
                     start_next();
                   });
}

void StsPolicies::fetch(const Order& order, const std::vector<IpAddress>& addresses) {
  if (addresses.empty())
    return failed(order, Found::Trouble::Fetch, web_server(order.domain) + " has no address now");
  HttpsRequest request;
  {
    const std::lock_guard lock(mutex_);
    request.port = settings_->outbound.sts_port;
    request.ca_file = settings_->outbound.ca_file;
  }
  request.host = web_server(order.domain);
  request.path = "/.well-known/mta-sts.txt";
  request.addresses = addresses;
  request.is_cancelled = &is_stopping_;
  fetched(order, fetch_(request));
}

// RFC 8461 section 3.3
void StsPolicies::fetched(const Order& order, const HttpsAnswer& answer) {
  switch (answer.kind) {
    case HttpsAnswer::Kind::Answered: break;
    case HttpsAnswer::Kind::Unreachable:
      return failed(order, Found::Trouble::Fetch, answer.trouble);
    case HttpsAnswer::Kind::Certificate:
      return failed(order, Found::Trouble::Certificate, answer.trouble);
  }
  if (answer.status != 200)
    return failed(order, Found::Trouble::Fetch,
                  "the web server says status " + std::to_string(answer.status));
  if (!is_plain_text(answer.content_type))
    return failed(
        order, Found::Trouble::Invalid,
        "its type is \"" + printable(answer.content_type, 80) + "\" instead of text/plain");
  auto rules = dns::parse_sts_policy(answer.content);
  if (!rules) return failed(order, Found::Trouble::Invalid, rules.error().text);
  keep(order, std::make_shared<const Policy>(Policy{std::move(*rules), answer.content}));
}

void StsPolicies::failed(const Order& order, Found::Trouble trouble, const std::string& why) {
  const std::lock_guard lock(mutex_);
  const bool is_kept = valid(order.domain) != nullptr;
  log.info("policy-not-fetched", {{"domain", order.domain},
                                  {"id", order.id},
                                  {"reason", why},
                                  {"earlier-policy", is_kept ? "holds" : "none"}});
  std::erase_if(failures_, [&](const auto& each) {
    return failures_.size() >= kMostFailures && each.second.until <= now();
  });
  if (failures_.size() >= kMostFailures) failures_.clear();
  failures_[order.domain] = {order.id, trouble, now() + kTryAgain};
}

void StsPolicies::keep(const Order& order, std::shared_ptr<const Policy> policy) {
  const std::int64_t expires = now() + policy->rules.max_age.count();
  const PolicyCache::Policy kept{order.domain, order.id, policy->text, now(), expires};
  log.info("policy-fetched", {{"domain", order.domain},
                              {"id", order.id},
                              {"mode", name_of(policy->rules.mode)},
                              {"seconds", policy->rules.max_age.count()}});
  std::vector<std::string> removed;
  {
    const std::lock_guard lock(mutex_);
    failures_.erase(order.domain);
    auto& entry = entries_[order.domain];
    if (entry.policy) bytes_ -= entry.policy->text.size();
    bytes_ += policy->text.size();
    entry = {std::move(policy), order.id, kept.fetched, expires, ++uses_};
    removed = make_room();
  }
  for (const auto& domain : removed) (void)cache_.remove(domain);
  if (auto done = cache_.put(kept); !done)
    log.error("a policy is not kept over a restart", {{"reason", done.error().text}});
}

// What goes: expired ones, and then what was used longest ago. The mutex is held.
std::vector<std::string> StsPolicies::make_room() {
  std::vector<std::string> gone;
  while (entries_.size() > kMostPolicies || bytes_ > kMostBytes) {
    const auto worst =
        std::min_element(entries_.begin(), entries_.end(), [&](const auto& a, const auto& b) {
          const bool a_holds = a.second.expires > now(), b_holds = b.second.expires > now();
          return std::pair(a_holds, a.second.used) < std::pair(b_holds, b.second.used);
        });
    bytes_ -= worst->second.policy->text.size();
    gone.push_back(worst->first);
    entries_.erase(worst);
  }
  return gone;
}

void StsPolicies::finish(const Order& order) {
  std::vector<Finder> waiting;
  Found result;
  {
    const std::lock_guard lock(mutex_);
    if (auto node = fetching_.extract(order.domain)) waiting = std::move(node.mapped());
    result.policy = valid(order.domain);
    const auto failure = failures_.find(order.domain);
    if (!result.policy && failure != failures_.end()) result.trouble = failure->second.trouble;
  }
  for (const auto& found : waiting) found(result);
}

}  // namespace waxwing
