#include "daemon/tls_demands.h"

#include <utility>

#include "base/encoding.h"
#include "base/text.h"

namespace waxwing {
namespace {

using Level = TlsDemand::Level;
using Mode = dns::StsPolicy::Mode;
using Demanded = tl::expected<HostDemand, Unproved>;

std::shared_ptr<const TlsPolicy> known_as(TlsPolicy::Kind kind, const std::string& domain) {
  return std::make_shared<const TlsPolicy>(TlsPolicy{kind, domain, {}, {}});
}

// "3 1 1 0123..."
std::string print(const dns::Tlsa& record) {
  return std::to_string(record.usage) + " " + std::to_string(record.selector) + " " +
         std::to_string(record.matching) + " " + hex(record.data);
}

// A policy may have 64 KiB, and stands with each of its sessions: of a long one the start is told.
std::shared_ptr<const TlsPolicy> known_as(const StsPolicies::Policy& policy,
                                          const std::string& domain) {
  constexpr std::size_t kTold = 4096;
  TlsPolicy known{TlsPolicy::Kind::Sts, domain, {}, {}};
  std::size_t told = 0;
  for (const auto line : split(policy.text, '\n')) {
    told += line.size();
    if (told > kTold) break;
    if (!trim(line).empty()) known.strings.emplace_back(trim(line));
  }
  told = 0;
  for (const auto& mx : policy.rules.mx) {
    told += mx.size();
    if (told > kTold) break;
    known.mx.push_back(mx);
  }
  return std::make_shared<const TlsPolicy>(std::move(known));
}

HostDemand plain(Level level) {
  return {TlsDemand{level, {}, {}}, nullptr, false};
}

HostDemand verified(const dns::MailHost& host) {
  return {TlsDemand{Level::Verify, {host.name}, {}}, nullptr, false};
}

HostDemand by_dane(const dns::MailExchange& exchange, const dns::MailHost& host) {
  TlsDemand demand{Level::Dane, {host.tlsa_base, host.name}, {}};
  // RFC 7672 section 3.2.2: where MX is proved the domain itself is a name as well.
  if (exchange.is_secure) demand.names.push_back(exchange.domain);
  TlsPolicy known{TlsPolicy::Kind::Tlsa, exchange.domain, {}, {}};
  for (const auto& record : host.tlsa) {
    demand.records.push_back({record.usage, record.selector, record.matching, record.data});
    known.strings.push_back(print(record));
  }
  return {std::move(demand), std::make_shared<const TlsPolicy>(std::move(known)), false};
}

tl::unexpected<Unproved> no_dane(const dns::MailHost& host) {
  return tl::unexpected<Unproved>(
      Unproved{false, host.name + " cannot prove itself by DANE now", {}});
}

Demanded by_configuration(Settings::TlsPolicy policy, const dns::MailExchange& exchange,
                          const dns::MailHost& host) {
  switch (policy) {
    case Settings::TlsPolicy::None: return plain(Level::None);
    case Settings::TlsPolicy::May: return plain(Level::May);
    case Settings::TlsPolicy::Encrypt: return plain(Level::Encrypt);
    case Settings::TlsPolicy::Verify: return verified(host);
    case Settings::TlsPolicy::Dane: break;
  }
  if (host.dane != dns::Dane::Usable) return no_dane(host);
  return by_dane(exchange, host);
}

// `least` is what the host has to prove without a policy.
Demanded by_sts(const dns::MailExchange& exchange, const dns::MailHost& host,
                const StsPolicies::Found& sts, Level least) {
  const Mode mode = sts.policy ? sts.policy->rules.mode : Mode::None;
  if (mode == Mode::None) {
    auto demand = plain(least);
    demand.policy = known_as(TlsPolicy::Kind::None, exchange.domain);
    return demand;
  }
  auto known = known_as(*sts.policy, exchange.domain);
  const bool is_outside = !sts.policy->rules.allows(host.name);
  if (mode == Mode::Testing)
    return HostDemand{TlsDemand{least, {host.name}, {}}, std::move(known), is_outside};
  if (!is_outside)
    return HostDemand{TlsDemand{Level::Verify, {host.name}, {}}, std::move(known), false};
  std::string sentence =
      "the policy of " + exchange.domain + " (MTA-STS) does not name " + host.name;
  TlsSession fault{std::move(known), "validation-failure", host.name, "", "", sentence};
  return tl::unexpected<Unproved>(Unproved{false, std::move(sentence), std::move(fault)});
}

Demanded by_what_is_published(const dns::MailExchange& exchange, const dns::MailHost& host,
                              const StsPolicies::Found& sts) {
  switch (host.dane) {
    case dns::Dane::None: return by_sts(exchange, host, sts, Level::May);
    case dns::Dane::Usable: return by_dane(exchange, host);
    case dns::Dane::Unusable: return by_sts(exchange, host, sts, Level::Encrypt);
    case dns::Dane::Failed: break;
  }
  auto failed = no_dane(host);
  failed.value().fault = {
      known_as(TlsPolicy::Kind::Tlsa, exchange.domain), "dnssec-invalid", host.name, "", "", ""};
  return failed;
}

// The name of the host is known for sure, so that a certificate for it says something.  RFC 8689
// section 4.2.1
Demanded proved(Demanded demand, const dns::MailExchange& exchange, const dns::MailHost& host,
                bool is_named_by_sts) {
  if (!demand || demand->tls.level == Level::Dane) return demand;
  if (!exchange.is_secure && !is_named_by_sts)
    return tl::unexpected<Unproved>(Unproved{
        true, "nothing proves that " + host.name + " is a server of " + exchange.domain, {}});
  if (demand->tls.level == Level::None)
    return tl::unexpected<Unproved>(Unproved{
        true, "no TLS is used with " + exchange.domain + " by this server's configuration", {}});
  demand->tls = TlsDemand{Level::Verify, {host.name}, {}};
  return demand;
}

}  // namespace

const Settings::DomainPolicy* policy_for(const Settings& settings, const std::string& domain) {
  const Settings::DomainPolicy* all = nullptr;
  for (const auto& policy : settings.tls_policy) {
    if (policy.domain == domain) return &policy;
    if (policy.domain == "*") all = &policy;
  }
  return all;
}

Demanded demand_for(const Settings& settings, const dns::MailExchange& exchange,
                    const dns::MailHost& host, const StsPolicies::Found& sts, TlsWish wish) {
  const auto* ours = policy_for(settings, exchange.domain);
  if (wish == TlsWish::Optional && ours == nullptr) return plain(Level::May);
  auto demand = ours != nullptr ? by_configuration(ours->policy, exchange, host)
                                : by_what_is_published(exchange, host, sts);
  if (wish != TlsWish::Required) return demand;
  const bool is_named =
      sts.policy && sts.policy->rules.mode == Mode::Enforce && sts.policy->rules.allows(host.name);
  return proved(std::move(demand), exchange, host, is_named);
}

// RFC 8460 section 4.3.2.2
TlsSession fault_of(const StsPolicies::Found& sts, const std::string& domain) {
  using Trouble = StsPolicies::Found::Trouble;
  const auto of_kind = [&](const char* result) {
    return TlsSession{known_as(TlsPolicy::Kind::Sts, domain), result, "", "", "", ""};
  };
  switch (sts.trouble) {
    case Trouble::None: break;
    case Trouble::Fetch: return of_kind("sts-policy-fetch-error");
    case Trouble::Invalid: return of_kind("sts-policy-invalid");
    case Trouble::Certificate: return of_kind("sts-webpki-invalid");
  }
  return {};
}

}  // namespace waxwing
