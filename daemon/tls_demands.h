#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/settings.h"
#include "daemon/sts_policies.h"
#include "daemon/tls_client.h"
#include "protocols/dns/mail_exchange.h"
#include "storage/tls_sessions.h"

namespace waxwing {

// What the messages themselves say of TLS.  RFC 8689
enum class TlsWish {
  Usual,
  Required,  // REQUIRETLS: only to servers that are proved, and know REQUIRETLS.  Section 4.2.1
  Optional,  // "TLS-Required: No": DANE and MTA-STS do not count.  Section 4.2.2
};

// What the configuration says of a domain: its own entry, or that for all ("*"); null: nothing.
const Settings::DomainPolicy* policy_for(const Settings& settings, const std::string& domain);

struct HostDemand {
  TlsDemand tls;
  std::shared_ptr<const TlsPolicy> policy;  // by which reports name it; null: ours
  bool is_outside = false;                  // a policy in mode `testing` does not name it
};
// Why a host must be passed over.
struct Unproved {
  bool is_final = false;  // what REQUIRETLS demands cannot be had there; else it may be better soon
  std::string sentence;
  // What reports say; without a result nothing.
  TlsSession fault{};
};

// What a host has to prove before it gets mail for the domain. The first of these decides:
// 1. `tls_policy` of the configuration;
// 2. DANE, where the host has records that can be used: no other policy makes up for it (RFC 8461
//    section 2);
// 3. MTA-STS in mode `enforce`: the host must be one that the policy names, with a certificate of a
//    trusted authority for its name (RFC 8461 sections 4.1, 4.2 and 5.1). In mode `testing` the
//    same is only looked at: TlsDemand::May with names;
// 4. TLS where the server has it. For REQUIRETLS: a certificate for its name, where the DNS is
//    secure.
// Pure.
tl::expected<HostDemand, Unproved> demand_for(const Settings& settings,
                                              const dns::MailExchange& exchange,
                                              const dns::MailHost& host,
                                              const StsPolicies::Found& sts,
                                              TlsWish wish = TlsWish::Usual);

// That a policy which should be there is not to be had, for reports; nothing in it otherwise.
TlsSession fault_of(const StsPolicies::Found& sts, const std::string& domain);

}  // namespace waxwing
