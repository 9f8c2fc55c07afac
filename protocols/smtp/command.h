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

// Talk that no SMTP client produces: HTTP, or bytes that are no text. Whoever speaks like that may
// be a browser that was made to relay an attacker's commands, so it gets no second line.
bool is_foreign(std::string_view line);
// Control characters, as in a TLS ClientHello: true of the beginning of a line already.
bool is_binary(std::string_view bytes);

}  // namespace waxwing::smtp
