#pragma once

#include <string>

#include "daemon/commands.h"

namespace waxwing {

// Runs a command: through control.sock when the server runs, else here, with the lock of data_dir
// and as the user that serves.
Answer administer(const std::string& config, const Request& request);

Answer check_config(const std::string& config);

}  // namespace waxwing
