#pragma once

#include <string_view>

namespace waxwing {

// What came of asking who sent a message, for SPF, DKIM, DMARC and ARC alike. Not every method has
// every result.  RFC 8601 section 2.7
enum class AuthResult {
  None,       // there is nothing to go by
  Neutral,    // somebody says that nothing is said
  Pass,       // it is who it says
  Fail,       // it is not
  SoftFail,   // SPF: it is probably not
  TempError,  // nobody can tell now, perhaps later
  PermError,  // what is published or signed makes no sense until somebody mends it
};

// "none", "softfail" ... as in Authentication-Results.
std::string_view to_string(AuthResult result);

}  // namespace waxwing
