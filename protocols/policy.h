#pragma once

#include "config/settings.h"
#include "protocols/session.h"

namespace waxwing {

// May a password cross this connection as it is: with TLS always; in clear where `plaintext_auth`
// allows it, and on the submission port never (design: 587 wants STARTTLS before AUTH).
bool may_send_password(const Settings& settings, const Peer& peer, bool encrypted);

}  // namespace waxwing
