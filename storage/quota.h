#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace waxwing {

// How much an account may hold; 0: no limit.  RFC 9208 section 5
struct QuotaLimits {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;

  bool is_none() const { return bytes == 0 && messages == 0; }
};

// Who knows the limits. Asked for every message that comes in, so it should answer from memory. Any
// thread; may block.
class Quotas {
 public:
  virtual ~Quotas() = default;
  // `account`: its canonical address. Nobody of that name has no limits.
  virtual Result<QuotaLimits> limits(std::string_view account) = 0;
  // NotFound when there is no such account; Denied where limits come from elsewhere.
  virtual Outcome set_limits(std::string_view, const QuotaLimits&) {
    return fail(Error::Code::Denied, "limits are set elsewhere");
  }
};

}  // namespace waxwing
