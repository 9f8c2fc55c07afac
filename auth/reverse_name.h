#pragma once

#include <chrono>
#include <string>

#include "auth/auth_result.h"
#include "base/clock.h"
#include "base/ip.h"
#include "protocols/dns/resolver.h"

namespace waxwing {

// Under which name the DNS says what an address is called: "1.2.0.192.in-addr.arpa".  RFC 1035
// section 3.5, RFC 3596 section 2.5
std::string reverse_name(const IpAddress& address);

// What a client is called by who runs its network, confirmed by who runs the name.
struct ReverseName {
  // Pass; Fail: the name is another address's; PermError: there is none; or TempError.
  AuthResult result = AuthResult::None;
  std::string name;    // that passed; empty otherwise
  std::string reason;  // one sentence for people, printable
};

// "iprev" of RFC 8601 section 2.7.3. Of several names the first five are tried. Blocks on the DNS,
// never longer than `time`. Any thread.
ReverseName check_reverse_name(dns::Resolver& resolver, const Clock& clock,
                               const IpAddress& address, std::chrono::milliseconds time);

}  // namespace waxwing
