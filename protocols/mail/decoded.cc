#include "protocols/mail/decoded.h"

#include <algorithm>
#include <utility>

namespace waxwing::mail {
namespace {

// A multiple of three and four: base64 without line ends decodes evenly.
constexpr std::uint64_t kSlice = 48 * 1024;

}  // namespace

Decoded::Decoded(ByteRange range, std::string_view encoding, ReadRange read)
    : rest_(range), read_(std::move(read)), decoder_(encoding) {}

Result<std::optional<std::string>> Decoded::next() {
  std::string slice;
  while (slice.empty() && rest_.size > 0) {
    const ByteRange range{rest_.offset, std::min(rest_.size, kSlice)};
    auto bytes = read_(range);
    if (!bytes) return fail(bytes.error());
    rest_ = {rest_.offset + range.size, rest_.size - range.size};
    decoder_.feed(*bytes, slice);
  }
  if (slice.empty() && !is_finished_) {
    is_finished_ = true;
    decoder_.finish(slice);
  }
  if (slice.empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(slice));
}

}  // namespace waxwing::mail
