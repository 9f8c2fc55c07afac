#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocols/mail/message.h"

namespace waxwing::mail {

// An unstructured value or a display name, raw or unfolded, as one line of UTF-8: encoded words are
// decoded, bare 8-bit text is guessed. What is broken stays as it was written.  RFC 2047 section 6
std::string decode_words(std::string_view value);

// A parameter by its lower-case name as UTF-8: plain, extended (name*), continued (name*0,
// name*1*), or with the encoded words that RFC 2047 forbids there and many write.  RFC 2231
std::optional<std::string> decode_parameter(const Parameters& parameters, std::string_view name);

}  // namespace waxwing::mail
