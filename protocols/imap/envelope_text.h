#pragma once

#include <string>

#include "protocols/mail/message.h"

namespace waxwing::imap {

// The value of ENVELOPE, with parentheses. Missing Sender and Reply-To are From.
// RFC 9051 section 7.5.2
std::string envelope_text(const mail::Envelope& envelope);

}  // namespace waxwing::imap
