#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/name.h"
#include "storage/types.h"

namespace waxwing::imap {

// Values in the syntax of responses.  RFC 9051 section 9

// A string: quoted where it can be, else a literal, CRLF behind its size included. NUL, which no
// string may hold, is left out.
std::string to_string(std::string_view text);
std::string to_nstring(const std::optional<std::string>& text);
// "{5}\r\nhello", and "~{5}\r\n..." for bytes that may be NUL.
std::string to_literal(std::string_view bytes);
std::string literal_head(std::uint64_t size);
std::string literal8_head(std::uint64_t size);

// A mailbox name of the store as an astring: an atom, else quoted.
std::string to_mailbox(std::string_view name, NameEncoding encoding);
// An atom where the text is one, else a string: header field names, charsets.
std::string to_astring(std::string_view text);

// "(\Seen $Forwarded)"
enum class Recent { No, Yes };
std::string to_flag_list(Flags flags, const std::vector<std::string>& keywords, Recent recent);

// A date-time with its quotes, in UTC: "\"17-Jul-1996 09:44:25 +0000\"".
std::string to_date_time(std::int64_t unix_seconds);

}  // namespace waxwing::imap
