#pragma once

#include <string>
#include <vector>

#include "protocols/imap/command.h"

namespace waxwing::imap {

// The capabilities that a client must have been offered for what it wrote in this command, beside
// the one that the command as a whole belongs to (table.h): "MULTIAPPEND", "AUTH=PLAIN".
std::vector<std::string> extensions_used(const Command& command);

}  // namespace waxwing::imap
