#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "protocols/smtp/intake.h"
#include "storage/store.h"

namespace waxwing {

struct Stamp {
  const Settings& settings;
  const smtp::Origin& origin;
  const smtp::MailEnvelope& envelope;
  const std::string& id;
  const std::string& found;  // fields of the checks
  Time now;
};

// The header fields that this server puts before a message, the same for all recipients:
// Return-Path, what the checks found and Received (RFC 5321 section 4.4), and where a user sends
// it, those of From, Date and Message-ID that are missing (RFC 6409 section 8); From only of who
// has signed in.
std::string added_fields(const Stamp& stamp, const mail::Message& message);

// The message without what must not be delivered: Return-Path, which is ours to write (RFC 5321
// section 4.4); Authentication-Results that somebody may take for ours (RFC 8601 section 5); Bcc
// and Resent-Bcc where a user sends it (RFC 5322 section 3.6.3); a line "From
// ..." of an mbox file at its top. A message that starts without a header gets the empty line that
// keeps its first lines from being read as one. Nothing when it can stay as it is.
Result<std::unique_ptr<Staged>> without_unwanted_fields(Store& store, Staged& message,
                                                        const std::string& hostname,
                                                        bool submitted);

}  // namespace waxwing
