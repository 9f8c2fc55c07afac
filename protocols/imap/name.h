#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waxwing::imap {

// How names travel in this session: modified UTF-7 (RFC 3501 section 5.1.3), or UTF-8 once the
// client has enabled IMAP4rev2 or UTF8=ACCEPT.
enum class NameEncoding { ModifiedUtf7, Utf8 };

// A mailbox name as the store knows it: UTF-8 in NFC, "/" between levels, INBOX spelled INBOX, also
// as first level. Invalid, with a sentence for the client, for a name that no mailbox can have:
// malformed UTF-7 or UTF-8, control characters, "*" or "%", empty levels. One closing "/" is
// dropped (CREATE, RFC 9051 section 6.3.4). Lenient where clients are: UTF-8 that is well formed is
// taken in both encodings, and "&" that starts no modified UTF-7 is refused only in ModifiedUtf7.
Result<std::string> decode_name(std::string_view wire, NameEncoding encoding);
// For the client, before quoting.
std::string encode_name(std::string_view name, NameEncoding encoding);

// The reference and a pattern of LIST as one pattern in UTF-8.  RFC 9051 section 6.3.9
// Nothing for a pattern that no name can match.
std::optional<std::string> canonical_pattern(std::string_view reference, std::string_view pattern,
                                             NameEncoding encoding);
// "*" matches anything, "%" anything but "/". INBOX matches in any case. Time is bounded by the
// product of both lengths.
bool matches_pattern(std::string_view name, std::string_view pattern);

}  // namespace waxwing::imap
