#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waxwing::mail {

// Modified UTF-7, in which IMAP and Maildir++ write names.  RFC 3501 section 5.1.3

// Well-formed UTF-8 in; printable ASCII out. Characters in `also` are encoded although they need
// not be: Maildir++ wants that for a "." inside a level.
std::string to_modified_utf7(std::string_view utf8, std::string_view also = {});

enum class Utf7 {
  Strict,   // nothing that could be written in another way
  Lenient,  // what other programs write: encoded ASCII, runs that touch, bytes of UTF-8 as they are
};
// Nothing when the text is malformed.
std::optional<std::string> from_modified_utf7(std::string_view text, Utf7 how);

}  // namespace waxwing::mail
