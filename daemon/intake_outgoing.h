#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "daemon/message_pass.h"
#include "protocols/smtp/intake.h"
#include "storage/envelope.h"
#include "storage/staged.h"

namespace waxwing {

// Those who get the message by way of the queue, each once: addresses elsewhere, and what aliases
// here lead to elsewhere. What their sender wants to be told goes with them, an alias as the
// original recipient.  RFC 3461 sections 4.2 and 5.2.7
std::vector<QueuedRecipient> remote_recipients(const smtp::MailEnvelope& envelope);

// It is an alias here, one of whose targets is elsewhere.
bool leads_out(const smtp::EnvelopeRecipient& recipient);

// What the queue keeps of the message, after finish(): its sender, what the sender asked for, and
// whether it needs a server that takes 8-bit text or internationalised headers, or one with TLS or
// without (RFC 8689). Runs `pass`, which reads it all for others as well.
Outcome describe(Envelope& queued, const smtp::MailEnvelope& envelope, Staged& message,
                 MessagePass& pass);

// How much of the fields that are put before a message is Return-Path, which only mailboxes get.
// RFC 5321 section 4.4
std::size_t return_path_size(std::string_view prefix);

}  // namespace waxwing
