#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace waxwing {

// As advice_on() of config/advice.h, and what it cannot know: which capabilities there are.
std::vector<std::string> all_advice_on(const Settings& settings);

}  // namespace waxwing
