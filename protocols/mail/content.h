#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocols/mail/message.h"

namespace waxwing::mail {

// Content-Type and Content-Disposition: a value and its parameters.  RFC 2045 section 5.1, RFC 2183
struct ContentField {
  std::string value;  // "text/plain", "attachment": lower case
  Parameters parameters;
};

// More parameters than this are not read.
constexpr std::size_t kMaxParameters = 100;

// Accepts comments, quotes that never end, values with spaces but no quotes, and parameters without
// the semicolon before the first.
ContentField parse_content_field(std::string_view raw);

// The value of a parameter by its lower-case name, as it was written.
const std::string* find_parameter(const Parameters& parameters, std::string_view name);

// Fills in what the Content-* fields of a part's header say. A type that makes no sense leaves
// `text/plain`, or what the part had by default.  RFC 2045 section 5.2
void read_part_header(std::string_view header, Part& part);

// What a header block says to people who list messages.
Envelope parse_envelope(std::string_view header);

}  // namespace waxwing::mail
