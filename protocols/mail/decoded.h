#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocols/mail/transfer.h"

namespace waxwing::mail {

// Octets of a message.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool operator==(const ByteRange&) const = default;
};

// Reads octets of a message: all of the range or an error.
using ReadRange = std::function<Result<std::string>(ByteRange)>;

// A range without its transfer encoding, in slices, so that it is never whole in memory.
class Decoded {
 public:
  Decoded(ByteRange range, std::string_view encoding, ReadRange read);
  // The next slice, never an empty one; nothing at the end.
  Result<std::optional<std::string>> next();

 private:
  ByteRange rest_;
  ReadRange read_;
  TransferDecoder decoder_;
  bool is_finished_ = false;
};

}  // namespace waxwing::mail
