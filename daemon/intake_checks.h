#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "auth/directory.h"
#include "protocols/mail/message.h"
#include "protocols/smtp/intake.h"

namespace waxwing {

// A whole message, of which nothing is promised yet.
struct Candidate {
  const smtp::Origin& origin;
  const smtp::MailEnvelope& envelope;
  const mail::Message& message;
  Directory& directory;
};

// One reason to refuse a message.
struct IntakeCheck {
  const char* name;  // for the log
  std::optional<smtp::Reply> (*refuse)(const Candidate& candidate);
};

// All of them, in the order in which they are asked; the first refusal counts.
std::span<const IntakeCheck> intake_checks();

// Directory::may_send_as; an address that is none is nobody's.
Result<bool> may_send_as(Directory& directory, std::string_view account, std::string_view address);

}  // namespace waxwing
