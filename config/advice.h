#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace waxwing {

// What a configuration allows, and hardly anybody means: a sentence each, for the log and for
// check-config. It is no mistake, so the server starts all the same.
std::vector<std::string> advice_on(const Settings& settings);

}  // namespace waxwing
