#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "auth/auth_result.h"
#include "auth/dkim_verify.h"
#include "auth/dmarc_record.h"
#include "auth/public_suffixes.h"
#include "auth/spf.h"
#include "base/clock.h"
#include "protocols/dns/resolver.h"

namespace waxwing::dmarc {

// What is known of a message when its author is asked for.
struct Message {
  std::string_view header;  // the block of header fields
  const spf::Verdict& spf;  // of MAIL FROM
  const std::vector<dkim::Verdict>& dkim;
  // Drawn for this message, below 100: whether it is one of those that pct= means.
  unsigned sample = 0;
};

struct Verdict {
  AuthResult result = AuthResult::None;  // None, Pass, Fail, TempError or PermError
  std::string domain;                    // of the author, in A-labels
  std::string organizational_domain;
  std::string record, record_domain;  // raw octets, and the domain that it is for
  Policy policy = Policy::None;       // what the domain asks for
  Policy disposition = Policy::None;  // what it asks for with this message: pct= applied
  bool is_spf_aligned = false;        // passed, and for the author's domain
  bool is_dkim_aligned = false;
  std::string reason;  // one sentence for people, printable
};

// Is the author who From says, by SPF or DKIM for the same domain; if not, what does that domain
// want done? Of several authors the one with the strictest policy that fails counts.  RFC 7489
// section 6.6
//
// PermError where the author cannot be told: no From field, several, broken ones; or the record
// cannot be read. Such a message may be refused for what it is (section 6.6.1), but not for a
// policy: the disposition is None. Where the DNS keeps back what could have made it pass, it is
// TempError. Blocks on the DNS, no longer than `time`. Any thread.
Verdict evaluate(dns::Resolver& resolver, const Clock& clock, const PublicSuffixes& suffixes,
                 const Message& message, std::chrono::milliseconds time = std::chrono::seconds(20));

// The domains of the authors in lower-case A-labels, each once.
Result<std::vector<std::string>> author_domains(std::string_view header);

}  // namespace waxwing::dmarc
