#pragma once

#include <string>

#include "base/result.h"
#include "config/settings.h"

namespace waxwing {

// The certificate for `hostname` in `folder` that the server signed itself: ECDSA P-256, for the
// host name and localhost. Made when there is none, or when it ends within a month; else kept, so
// that people confirm it once.
Result<Settings::Certificate> self_signed(const std::string& folder, const std::string& hostname);

}  // namespace waxwing
