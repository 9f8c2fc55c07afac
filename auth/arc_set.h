#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_signature.h"
#include "base/result.h"

namespace waxwing::arc {

constexpr std::size_t kMaxSets = 50;  // RFC 8617 section 4.2.1

// The three fields that one who handed a message on has added.  RFC 8617 section 4.1
struct Set {
  std::string_view results_field, message_field, seal_field;  // raw
  dkim::Signature message;                                    // ARC-Message-Signature
  dkim::Signature seal;  // ARC-Seal: its domain, selector, algorithm and value
  std::string chain;     // cv= of the seal
};

// All sets of a header, the oldest first; none is no error. Fails where a set is not whole, one is
// missing, a field is there twice or cannot be read. The views are of `header`.  Section 5.2
Result<std::vector<Set>> read_sets(std::string_view header);

// What the newest of these seals signs; its own b= is empty.  Section 5.1.1
std::string sealed_text(const std::vector<Set>& sets);

}  // namespace waxwing::arc
