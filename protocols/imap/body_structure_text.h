#pragma once

#include <string>

#include "protocols/imap/revision.h"
#include "protocols/mail/message.h"

namespace waxwing::imap {

// The value of BODY (Basic) or BODYSTRUCTURE (Extended), with parentheses.  RFC 9051 section 7.5.2
enum class Detail { Basic, Extended };
std::string body_structure_text(const mail::Part& root, Detail detail, Revision revision);

}  // namespace waxwing::imap
