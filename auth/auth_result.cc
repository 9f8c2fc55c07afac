#include "auth/auth_result.h"

namespace waxwing {

std::string_view to_string(AuthResult result) {
  switch (result) {
    case AuthResult::None: return "none";
    case AuthResult::Neutral: return "neutral";
    case AuthResult::Pass: return "pass";
    case AuthResult::Fail: return "fail";
    case AuthResult::SoftFail: return "softfail";
    case AuthResult::TempError: return "temperror";
    case AuthResult::PermError: return "permerror";
  }
  return "";
}

}  // namespace waxwing
