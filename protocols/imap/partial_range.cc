#include "protocols/imap/partial_range.h"

#include <algorithm>

#include "base/text.h"

namespace waxwing::imap {
namespace {

// Takes the sign off; nothing when there is another one than was asked for, or no nz-number.
std::optional<std::uint32_t> parse_end(std::string_view text, bool has_sign) {
  if (text.starts_with('-') != has_sign) return {};
  if (has_sign) text.remove_prefix(1);
  if (text.starts_with('0')) return {};
  const auto number = parse_number(text, UINT32_MAX);
  if (!number) return {};
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

std::optional<PartialRange> PartialRange::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return {};
  const bool from_end = text.starts_with('-');
  const auto first = parse_end(text.substr(0, colon), from_end);
  const auto last = parse_end(text.substr(colon + 1), from_end);
  if (!first || !last) return {};
  return PartialRange{from_end, *first, *last};
}

std::string PartialRange::to_string() const {
  const std::string sign = from_end ? "-" : "";
  return sign + std::to_string(first) + ":" + sign + std::to_string(last);
}

PartialRange::Slice PartialRange::of(std::size_t count) const {
  const std::size_t nearest = std::min(first, last);
  const std::size_t end = std::min<std::size_t>(std::max(first, last), count);
  if (nearest > end) return {};
  const std::size_t size = end - nearest + 1;
  return {from_end ? count - end : nearest - 1, size};
}

}  // namespace waxwing::imap
