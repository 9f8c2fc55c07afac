#pragma once

#include <string>

namespace waxwing {

// The daemon: from the configuration file to the last goodbye. Prints `ready` on standard output
// when every port is bound. Returns the exit status.
int serve(const std::string& config);

}  // namespace waxwing
