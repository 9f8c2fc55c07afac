#pragma once

#include <functional>

#include "auth/public_suffixes.h"
#include "base/clock.h"
#include "daemon/intake_checks.h"
#include "daemon/sender_policy.h"
#include "daemon/sender_verification.h"
#include "daemon/stoppable_resolver.h"

namespace waxwing {

// What the check of senders works with. They outlive it.
struct SenderTools {
  StoppableResolver& resolver;
  const Clock& clock;
  const PublicSuffixes& suffixes;
  // Is told of each message that was judged. Must not block.
  std::function<void(const SentMessage&, const SenderVerdicts&, const SenderDecision&)> note = {};
};

// The check "sender" of what strangers send: who sent it (sender_verification.h), and what is done
// with it (sender_policy.h). What it found goes before the message as Authentication-Results, and
// into the log. Not while sender_policy.verify is off.
//
// What users send gets no such field: it would tell all recipients which account sent it.
IntakeCheck sender_check(const SenderTools& tools);

}  // namespace waxwing
