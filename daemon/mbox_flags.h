#pragma once

#include <string_view>

namespace waxwing {

// The letters of the field X-Status in an mbox. \Seen is "R" in the field Status.
struct MboxFlag {
  char letter;
  std::string_view flag;
};
inline constexpr MboxFlag kMboxFlags[] = {
    {'A', "\\Answered"}, {'F', "\\Flagged"}, {'D', "\\Deleted"}, {'T', "\\Draft"}};

}  // namespace waxwing
