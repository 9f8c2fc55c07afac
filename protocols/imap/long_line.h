#pragma once

#include <cstddef>
#include <string>

#include "protocols/output.h"

namespace waxwing::imap {

// One response that may be longer than the output has room for: it goes out as the client reads.
// Held by one thread at a time.
class LongLine {
 public:
  explicit LongLine(std::string text) : text_(std::move(text)) {}

  // False: the output is full, and there is more.
  bool hand_over(Output& output);
  // Some of it is sent and some is not: nothing else may be said now.
  bool is_amid() const { return sent_ > 0 && sent_ < text_.size(); }

 private:
  std::string text_;
  std::size_t sent_ = 0;
};

}  // namespace waxwing::imap
