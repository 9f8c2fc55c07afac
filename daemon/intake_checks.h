#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "auth/directory.h"
#include "config/settings.h"
#include "protocols/smtp/intake.h"

namespace waxwing {

// A whole message, of which nothing is promised yet.
struct Candidate {
  const Settings& settings;
  const smtp::Origin& origin;
  const smtp::MailEnvelope& envelope;
  smtp::Findings& findings;  // of the checks before this one; what it adds
  Staged& message;           // finished: to be read
  const mail::Message& parsed;
};

// One look at a message before it is accepted. The intake has a list of them, in order; a content
// filter is one more. Any thread, several at once.
struct IntakeCheck {
  enum class Of {
    All,
    Strangers,  // who have not signed in, and whom neither we nor another server of ours trust
    Users,      // who have signed in
  };
  const char* name;  // for the log and the trace
  Of of;             // whose messages it looks at
  bool asks_network;
  // A refusal ends the examination.
  std::function<std::optional<smtp::Reply>(Candidate&)> look;
  // Does the operator want it? Without: always.
  std::function<bool(const Settings&)> is_wanted = {};
};

// Is the check for what comes from there?
bool looks_at(const IntakeCheck& check, const Settings& settings, const smtp::Origin& origin);

// Those that need nothing but the message and the directory, which outlives them.
std::vector<IntakeCheck> plain_checks(Directory& directory);

// Directory::may_send_as; an address that is none is nobody's.
Result<bool> may_send_as(Directory& directory, std::string_view account, std::string_view address);

}  // namespace waxwing
