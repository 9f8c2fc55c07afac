#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waxwing::imap {

// Some of the results, counted from 1: "1:500", or from the last one: "-1:-500".  RFC 9394
struct PartialRange {
  bool from_end = false;
  std::uint32_t first = 1, last = 1;  // as written: 5:1 is 1:5

  // Nothing when the text is no such range.
  static std::optional<PartialRange> parse(std::string_view text);
  std::string to_string() const;
  bool operator==(const PartialRange&) const = default;

  // Which of `count` results that is, as far as they are there.
  struct Slice {
    std::size_t begin = 0, size = 0;
  };
  Slice of(std::size_t count) const;
};

}  // namespace waxwing::imap
