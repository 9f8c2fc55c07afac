#pragma once

#include <string>
#include <string_view>

namespace waxwing::smtp {

// A command line: a verb, and what follows it without the blanks around it.  RFC 5321 section 4.1.1
struct Command {
  std::string verb;  // upper case
  std::string argument;
};
Command parse_command(std::string_view line);

// Talk that no SMTP client produces: an HTTP request, or bytes that are no text, as in a TLS
// ClientHello (told from the beginning of a line already). Whoever speaks like that may be a
// browser that was made to relay an attacker's commands, so it gets no second line.
bool is_http(std::string_view line);
bool is_binary(std::string_view begun);

}  // namespace waxwing::smtp
