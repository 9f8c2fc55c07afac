#pragma once

#include <string>

#include "daemon/commands.h"

namespace waxwing {

// Commands that compare what this server has of a domain with what the DNS says. They ask the
// server, or data_dir while none runs, and then whom the configuration's `dns` names, with no cache
// between.

// `check domain`: each difference in one sentence. The exit status is 1 where there is one.
Answer check_domain(const std::string& config, const std::string& domain);

// `domain keys DOMAIN activate`, but not before the DNS shows the next keys: nobody could verify
// what they sign, and their absence would stay in caches.
Answer activate_keys(const std::string& config, const std::string& domain);

}  // namespace waxwing
