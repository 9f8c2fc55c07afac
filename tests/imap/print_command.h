#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocols/imap/command.h"

namespace waxwing::imap {

// A command as a client would send it, without its closing CRLF: what is no atom goes as a literal
// with "+". parse() of it gives the same command.
std::string print(const Command& command);

// What parse() makes of bytes as a client sends them, one whole command with CRLF; literals are
// accepted in memory. Nothing when they are refused.
struct Parsing {
  std::optional<Command> command;
  std::string error;  // of parser or framer
};
Parsing parse_text(std::string_view wire);

}  // namespace waxwing::imap
