#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "daemon/service_user.h"

namespace waxwing {

// What `check-config` says of the files that a configuration names, beside the certificates. An
// error, a sentence, is what `serve` would not start with, or not deliver mail with; the lines are
// what cannot be known by who asks. Files are looked at as `user` where there is one: call it
// before there are threads.
Result<std::vector<std::string>> check_files(const Settings& settings,
                                             const std::optional<ServiceUser>& user);

// Of those who serve already: what passwords of relays cannot be read, and why, a sentence each.
std::vector<std::string> unreadable_passwords(const Settings& settings);

}  // namespace waxwing
