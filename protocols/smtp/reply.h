#pragma once

#include <string_view>

#include "base/result.h"
#include "protocols/output.h"
#include "protocols/smtp/intake.h"

namespace waxwing::smtp {

// Writes the reply with its code, and its enhanced code, on every line.  RFC 5321 section 4.2.1,
// RFC 2034
void write(Output& output, const Reply& reply);

inline bool is_positive(const Reply& reply) {
  return reply.code < 400;
}

// The one place that turns an error of the store into what a client may know.
Reply reply_for(const Error& error);

}  // namespace waxwing::smtp
