#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "protocols/imap/section.h"
#include "protocols/mail/message.h"
#include "storage/mailbox.h"

namespace waxwing::imap {

// What need not be in memory as a whole is read in pieces of this size.
constexpr std::uint64_t kFilePiece = 64 * 1024;

// Octets of a stored message: all of the range that the file has, or an error.
Result<std::string> read_range(const MessageFile& message, ByteRange range);
// What the parser says of it: for a message of which the index knows nothing that can be read.
Result<mail::Message> parse_file(const MessageFile& message);

}  // namespace waxwing::imap
