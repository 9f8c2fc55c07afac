#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/arc.h"
#include "auth/dkim_verify.h"
#include "auth/dmarc.h"
#include "auth/public_suffixes.h"
#include "auth/reverse_name.h"
#include "auth/spf.h"
#include "base/clock.h"
#include "base/result.h"
#include "protocols/dns/resolver.h"
#include "protocols/smtp/intake.h"
#include "storage/staged.h"

namespace waxwing {

// What is known of who sent one message.
struct SenderVerdicts {
  ReverseName reverse;
  spf::Verdict mail_from;  // of HELO, where MAIL FROM is <>
  spf::Verdict helo;
  std::vector<dkim::Verdict> dkim;
  dmarc::Verdict dmarc;
  arc::Verdict arc;
};

// A message as it is asked about.
struct SentMessage {
  const smtp::Origin& origin;
  const smtp::MailEnvelope& envelope;
  const Staged& message;  // finished
  std::string receiver;   // the name of this server
  unsigned sample = 0;    // as in dmarc::Message
};

// Asks SPF, DKIM, ARC, DMARC and the reverse DNS who sent a message. Reads it once, in pieces. What
// asks about the connection runs beside it, on a thread of its own; all of it ends within about
// twenty seconds, and what nobody could tell by then is TempError. Fails when the message cannot be
// read. Any thread; blocks on the DNS and the disk.
Result<SenderVerdicts> verify_sender(dns::Resolver& resolver, const Clock& clock,
                                     const PublicSuffixes& suffixes, const SentMessage& sent);

}  // namespace waxwing
