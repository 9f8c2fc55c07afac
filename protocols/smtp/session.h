#pragma once

#include <memory>

#include "auth/authenticator.h"
#include "base/clock.h"
#include "config/settings.h"
#include "protocols/session.h"
#include "protocols/smtp/client_limits.h"
#include "protocols/smtp/intake.h"

namespace waxwing::smtp {

// What a session works with; all but the settings outlive it.
struct Services {
  std::shared_ptr<const Settings> settings;
  Intake& intake;
  Authenticator& authenticator;
  const Clock& clock;
  ClientLimits& limits;
};

// The server's side of one SMTP conversation: RFC 5321 with PIPELINING (2920), SIZE (1870),
// 8BITMIME (6152), SMTPUTF8 (6531), CHUNKING (3030), ENHANCEDSTATUSCODES (2034), LIMITS (9422),
// STARTTLS (3207) and AUTH (4954); on the submission service as RFC 6409 wants it.
// On the service lmtp: RFC 2033, without AUTH, for mail that another server has taken; it relays
// nothing. BINARYMIME is not offered: a message with bare CR, LF or NUL could not be handed on to
// IMAP and POP3 as it is.
std::unique_ptr<Session> make_session(Peer peer, Services services);

}  // namespace waxwing::smtp
