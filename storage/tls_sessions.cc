#include "storage/tls_sessions.h"

#include <nlohmann/json.hpp>

namespace waxwing {
namespace {

using nlohmann::json;

// An array, so that the texts of one policy stand together in their order.
std::string print(const TlsSession& session) {
  const auto& policy = *session.policy;
  return json::array({{static_cast<int>(policy.kind), policy.strings, policy.mx},
                      session.result,
                      session.mx,
                      session.address,
                      session.our_address,
                      session.reason})
      .dump(-1, ' ', true, json::error_handler_t::replace);
}

std::shared_ptr<const TlsPolicy> read_policy(const json& read, std::string_view domain) {
  auto policy = std::make_shared<TlsPolicy>();
  policy->domain = domain;
  policy->kind = read.at(0).get<TlsPolicy::Kind>();
  policy->strings = read.at(1).get<std::vector<std::string>>();
  policy->mx = read.at(2).get<std::vector<std::string>>();
  return policy;
}

}  // namespace

Result<std::unique_ptr<TlsSessions>> TlsSessions::open(const std::string& data_dir, Disk& disk,
                                                       const Clock& clock) {
  auto counts = DailyCounts::open({.path = data_dir + "/tls_sessions.sqlite",
                                   .warning = "counts of TLS sessions are begun anew"},
                                  disk, clock);
  if (!counts) return fail(counts.error());
  return std::unique_ptr<TlsSessions>(new TlsSessions(std::move(*counts)));
}

void TlsSessions::note(TlsSession session) {
  if (session.policy) counts_->note(session.policy->domain, print(session));
}

Result<std::vector<TlsSessions::Count>> TlsSessions::sessions(std::int64_t day,
                                                              std::string_view domain) {
  const auto counts = counts_->counts(day, domain);
  if (!counts) return fail(counts.error());
  std::vector<Count> all;
  json last;  // the policy of the one before
  for (const auto& each : *counts) {
    try {
      const json read = json::parse(each.text);
      const bool is_same = !all.empty() && last == read.at(0);
      Count count;
      count.session = {is_same ? all.back().session.policy : read_policy(read.at(0), domain),
                       read.at(1).get<std::string>(),
                       read.at(2).get<std::string>(),
                       read.at(3).get<std::string>(),
                       read.at(4).get<std::string>(),
                       read.at(5).get<std::string>()};
      count.sessions = each.count;
      last = read.at(0);
      all.push_back(std::move(count));
    } catch (const json::exception&) {
      continue;  // nothing that this program wrote
    }
  }
  return all;
}

}  // namespace waxwing
