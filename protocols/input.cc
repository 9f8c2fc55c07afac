#include "protocols/input.h"

#include <algorithm>

namespace waxwing {

void Input::consume(std::size_t count) {
  read_ += std::min(count, size());
  if (read_ == bytes_.size()) {
    // A long command must not leave its buffer with an idle session.
    if (bytes_.capacity() > 4096) {
      bytes_ = std::string();
    } else {
      bytes_.clear();
    }
    read_ = 0;
  } else if (read_ >= 64 * 1024) {
    bytes_.erase(0, read_);
    read_ = 0;
  }
}

}  // namespace waxwing
