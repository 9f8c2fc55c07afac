#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocols/mail/message.h"

namespace waxwing {

// A message on its way in. Up to 256 KiB stays in memory; a larger one streams into staging/ and
// is never in memory as a whole. Destroying it undelivered leaves nothing behind.
// Held by one thread at a time; append() may write to the disk, so it belongs on the Storage lane
// once the message is larger than kInMemory.
class Staged {
 public:
  static constexpr std::size_t kInMemory = 256 * 1024;

  virtual ~Staged() = default;
  virtual Outcome append(std::string_view bytes) = 0;
  virtual std::uint64_t size() const = 0;
  // True while all of it is in memory, so append() of `more` bytes will not touch the disk.
  virtual bool fits_in_memory(std::size_t more) const = 0;
  // No more bytes follow: what was learnt on the way. Call before delivering; the second call
  // returns the same.
  virtual const mail::Message& finish() = 0;
  // finish(), and then hardly any of it stays in memory; may write to the disk. After it the
  // message can only be delivered.
  virtual Outcome put_away() { return {}; }
  // Any part of what was appended: for checks and signatures.
  virtual Result<std::string> read(std::uint64_t offset, std::size_t size) const = 0;
};

}  // namespace waxwing
