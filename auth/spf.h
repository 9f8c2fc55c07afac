#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "auth/auth_result.h"
#include "base/clock.h"
#include "base/ip.h"
#include "protocols/dns/resolver.h"

namespace waxwing::spf {

// Who connects, and to whom.
struct Client {
  IpAddress address;
  std::string helo;                  // what it called itself
  std::string receiver = "unknown";  // the name of this server, for explanations
};

// What one evaluation may cost.  RFC 7208 section 4.6.4
struct Limits {
  int terms = 10;                          // that ask the DNS
  int void_lookups = 2;                    // that find nothing
  std::chrono::milliseconds time{20'000};  // all together
};

enum class Identity { MailFrom, Helo };

struct Verdict {
  AuthResult result = AuthResult::None;
  Identity identity = Identity::MailFrom;
  std::string domain;         // whose word was asked for, in A-labels where it is a domain
  std::string record;         // that decided, with `redirect` followed; raw octets
  std::string record_domain;  // where it is published
  std::string mechanism;      // the term of it that decided, as "-all"; empty when none did
  std::string reason;         // one sentence for people, printable
  // What the domain says to those whom it fails: a stranger's printable ASCII, or empty.
  std::string explanation;
};

// May this client use the domain of `sender`, the reverse path of MAIL FROM without its angle
// brackets? For an empty one, postmaster at the HELO name is asked about, as RFC 7208 section 2.4
// says. Blocks on the DNS, never longer than limits.time. Any thread.
Verdict check_mail_from(dns::Resolver& resolver, const Clock& clock, const Client& client,
                        std::string_view sender, const Limits& limits = {});

// May this client call itself so in HELO?  RFC 7208 section 2.3
Verdict check_helo(dns::Resolver& resolver, const Clock& clock, const Client& client,
                   const Limits& limits = {});

// The function that the RFC is about. `sender` has no local part: postmaster.  Section 4
Verdict check_host(dns::Resolver& resolver, const Clock& clock, const Client& client,
                   std::string_view domain, std::string_view sender, const Limits& limits = {});

}  // namespace waxwing::spf
