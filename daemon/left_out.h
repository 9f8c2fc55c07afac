#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "base/text.h"

namespace waxwing {

// What an import does not take and why, for whoever typed the command: counted by reason, with the
// first of each by name.
class LeftOut {
 public:
  // `reason` stands behind a number and a colon: "compressed with bzip2, decompress it first".
  void add(const std::string& reason, const std::string& what) {
    Found& found = by_reason_[reason];
    if (found.count++ == 0) found.first = what;
  }
  std::uint64_t count() const {
    std::uint64_t sum = 0;
    for (const auto& [reason, found] : by_reason_) sum += found.count;
    return sum;
  }
  // A line for each reason, each behind a line end.
  std::string lines() const {
    std::string text;
    for (const auto& [reason, found] : by_reason_) {
      text +=
          "\nleft out " + std::to_string(found.count) + ": " + reason + ": " + shown(found.first);
      if (found.count > 1) text += " and others";
    }
    return text;
  }

 private:
  // Names of files are any octets.
  static std::string shown(const std::string& what) {
    const bool is_text = is_utf8(what) && std::ranges::none_of(what, [](char c) {
                           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
                         });
    return is_text ? what : printable(what, what.size());
  }

  struct Found {
    std::uint64_t count = 0;
    std::string first;
  };
  std::map<std::string, Found> by_reason_;
};

}  // namespace waxwing
