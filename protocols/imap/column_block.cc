#include "protocols/imap/column_block.h"

namespace waxwing::imap {

// First how many messages; then the places of these in the block, one octet each; then the sizes of
// their values, two octets each; then the values.

std::optional<ColumnBlock> ColumnBlock::read(Extract extract) {
  ColumnBlock result;
  result.block_ = extract.block;
  result.bytes_ = std::move(extract.bytes);
  const std::string& bytes = result.bytes_;
  const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  if (bytes.size() < 2) return std::nullopt;
  const std::size_t count = octet(0) + 256u * octet(1);
  std::size_t begin = 2 + 3 * count;
  if (count > Extract::kSpan || bytes.size() < begin) return std::nullopt;
  result.begins_.assign(Extract::kSpan, kNowhere);
  result.ends_.assign(Extract::kSpan, kNowhere);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t place = octet(2 + i);
    const std::size_t at = 2 + count + 2 * i;
    const std::size_t end = begin + octet(at) + 256u * octet(at + 1);
    if (end > bytes.size() || result.ends_[place] != kNowhere) return std::nullopt;
    result.begins_[place] = static_cast<std::uint32_t>(begin);
    result.ends_[place] = static_cast<std::uint32_t>(end);
    begin = end;
  }
  if (begin != bytes.size()) return std::nullopt;
  return result;
}

std::optional<std::string_view> ColumnBlock::find(Uid uid) const {
  const std::uint32_t begin = begins_[uid % Extract::kSpan];
  if (begin == kNowhere) return std::nullopt;
  return std::string_view(bytes_).substr(begin, ends_[uid % Extract::kSpan] - begin);
}

void ColumnBlock::Maker::add(Uid uid, std::string_view value) {
  if (value.size() > kMaxValue) return;
  uids_ += static_cast<char>(uid % Extract::kSpan);
  sizes_ += static_cast<char>(value.size() % 256);
  sizes_ += static_cast<char>(value.size() / 256);
  values_ += value;
}

Extract ColumnBlock::Maker::take() {
  const std::size_t count = uids_.size();
  std::string bytes{static_cast<char>(count % 256), static_cast<char>(count / 256)};
  bytes += uids_ + sizes_ + values_;
  return {block_, static_cast<std::uint32_t>(count), std::move(bytes)};
}

}  // namespace waxwing::imap
