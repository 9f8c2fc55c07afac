#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace waxwing {

// No message that is imported has more octets, unpacked: in base64, more is no line of
// control.sock.
constexpr std::uint64_t kMaxImported = 180 << 20;

// A message file as other servers keep it (Dovecot's zlib plugin, mail_compress): unpacked where it
// is gzip, itself where it is not packed. Invalid with the reason why it cannot be a message here:
// packed in another way, encrypted, broken, or larger than kMaxImported then.
Result<std::string> unpack_message(std::string bytes);

}  // namespace waxwing
