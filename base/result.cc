#include "base/result.h"

namespace waxwing {

const char* to_string(Error::Code code) {
  switch (code) {
    case Error::Code::NotFound: return "not-found";
    case Error::Code::AlreadyExists: return "already-exists";
    case Error::Code::Invalid: return "invalid";
    case Error::Code::TooLarge: return "too-large";
    case Error::Code::Limit: return "limit";
    case Error::Code::OverQuota: return "over-quota";
    case Error::Code::NoSpace: return "no-space";
    case Error::Code::ReadOnly: return "read-only";
    case Error::Code::Denied: return "denied";
    case Error::Code::Temporary: return "temporary";
    case Error::Code::Corrupt: return "corrupt";
    case Error::Code::Cancelled: return "cancelled";
  }
  return "unknown";
}

}  // namespace waxwing
