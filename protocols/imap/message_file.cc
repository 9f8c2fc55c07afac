#include "protocols/imap/message_file.h"

#include <algorithm>

namespace waxwing::imap {
namespace {

// What follows in the answer is written behind the bytes without copying them.
constexpr std::size_t kRoom = 256;

}  // namespace

Result<std::string> read_range(const MessageFile& message, ByteRange range) {
  range.offset = std::min(range.offset, message.size);
  range.size = std::min(range.size, message.size - range.offset);
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(range.size) + kRoom);
  bytes.resize(static_cast<std::size_t>(range.size));
  // Less than the size says: the literal is already announced with what there is, so no more.
  if (read_at(*message.file, range.offset, bytes) != static_cast<ssize_t>(bytes.size())) {
    return fail(Error::Code::Temporary, "cannot read a message file");
  }
  return bytes;
}

Result<mail::Message> parse_file(const MessageFile& message) {
  mail::Parser parser;
  for (std::uint64_t offset = 0; offset < message.size; offset += kFilePiece) {
    const auto bytes = read_range(message, {offset, kFilePiece});
    if (!bytes) return fail(bytes.error());
    parser.feed(*bytes);
  }
  return parser.finish();
}

}  // namespace waxwing::imap
