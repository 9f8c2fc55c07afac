#pragma once

#include <cstdint>
#include <string>

#include "daemon/commands.h"

namespace waxwing {

// The commands `check ...`, which say what the server would make of what others publish. They need
// no running server, nothing of data_dir, and ask whom the configuration's `dns` names.

// Where the mail of a domain goes, and how its hosts prove who they are on `port`.
Answer check_mx(const std::string& config, const std::string& domain, std::uint16_t port);

}  // namespace waxwing
