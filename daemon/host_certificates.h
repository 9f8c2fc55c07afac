#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace waxwing {

// SHA-256 of the public keys of the certificates that clients of the server's own name are shown,
// in hex, as TLSA "3 1 1" has them (RFC 6698 section 2.1, RFC 7671 section 5.1). Without configured
// certificates, of the self-signed one, which is made when it is missing. Needs no private key.
Result<std::vector<std::string>> host_key_hashes(const Settings& settings);

}  // namespace waxwing
