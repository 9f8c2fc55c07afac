#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/envelope.h"

namespace waxwing {

// Tells senders what has become of their mail. Any thread; may block.
class Notices {
 public:
  virtual ~Notices() = default;
  enum class Kind { Failed, Delayed, Delivered };
  // About these recipients, whose states and replies the envelope has. `header` is that of a
  // message that is not in the queue. Done when the sender needs not be told, and when the notice
  // is durable.
  virtual Outcome tell(Kind kind, const Envelope& envelope,
                       const std::vector<std::size_t>& recipients,
                       std::string_view header = {}) = 0;
};

}  // namespace waxwing
