#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/public_suffixes.h"
#include "config/settings.h"
#include "daemon/sender_verification.h"
#include "protocols/smtp/intake.h"

namespace waxwing {

// What is done with a message because of who sent it, or did not.
struct SenderDecision {
  std::optional<smtp::Reply> refusal;
  std::vector<bool> to_junk;  // as in smtp::Findings
  // The strictest of what is done for its recipients, as reports have it.
  dmarc::Policy disposition = dmarc::Policy::None;
  // A sealer whom the operator trusts found it in order: what fails here is not held against it.
  bool is_vouched_for = false;
};

// By the policies of the domains that the recipients were written to (not of those that an alias
// leads to):
// - DMARC fails: what the author's domain asks for, and no more than `dmarc` of the recipient's.
//   A message is refused when all recipients want that; else it goes to the Junk of those who do.
// - The author cannot be told (no From, several, broken): there is nobody to ask for a policy, and
//   in the inbox it would be a way around all of them, so it goes to Junk, except with `tag`.
//   RFC 7489 section 6.6.1
// - SPF fails and the author's domain has no DMARC record: `spf` of the recipient's domain.
// - A failure of the DNS decides nothing. Where the author's domain has a policy that could hit the
//   message, it is to come again later; where the policy cannot be learnt either, it is accepted.
SenderDecision decide(const Settings::SenderPolicy& policy, const PublicSuffixes& suffixes,
                      const SenderVerdicts& found, const smtp::MailEnvelope& envelope);

// Of the seals of a chain that holds, those that trusted sealers put on last, without another in
// between: did the first of them see the author proved, by DMARC or by SPF or DKIM of his domain?
// RFC 8617 section 7.2
bool is_vouched_for(const std::vector<std::string>& trusted_sealers, const PublicSuffixes& suffixes,
                    const SenderVerdicts& found);

// Authentication-Results of what was found, beginning with the name of this server.
std::string authentication_results(const SentMessage& sent, const SenderVerdicts& found,
                                   const SenderDecision& decision);

}  // namespace waxwing
