#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "protocols/smtp/intake.h"

namespace waxwing::smtp {

// The argument of MAIL.  RFC 5321 section 4.1.1.2
struct MailArgument {
  std::string sender;                                      // empty: <>
  std::optional<std::uint64_t> size;                       // RFC 1870
  MailEnvelope::Body body = MailEnvelope::Body::SevenBit;  // RFC 6152
  bool smtp_utf8 = false;                                  // RFC 6531
  Envelope::Return ret = Envelope::Return::NotSaid;        // RFC 3461 section 4.3
  std::string envelope_id;                                 // RFC 3461 section 4.4, in xtext
  bool require_tls = false;                                // RFC 8689
};
// The argument of RCPT.  RFC 5321 section 4.1.1.3, RFC 3461 section 4
struct RcptArgument {
  std::string recipient;
  unsigned notify = 0;   // of QueuedRecipient's bits; 0: not said
  std::string original;  // ORCPT as it was said, in xtext; empty: not said
};

// The addresses come back as SMTP writes an address, quoted where it must be, its domain in lower
// case, or as the reply that says what is wrong with it. A source route is read and dropped, as RFC
// 5321 appendix C asks: what counts is where the message would go in the end.
tl::expected<MailArgument, Reply> parse_mail(std::string_view argument);
// `smtp_utf8`: MAIL said so. "postmaster" may stand without a domain.  RFC 5321 section 4.1.1.3
tl::expected<RcptArgument, Reply> parse_rcpt(std::string_view argument, bool smtp_utf8);

// "+XX" for what is not printable in ASCII, and back; nothing when it is not that.  RFC 3461
// section 4
bool is_xtext(std::string_view text);
std::string from_xtext(std::string_view text);

}  // namespace waxwing::smtp
