#include "protocols/imap/message_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace waxwing::imap {
namespace {

// What follows in the answer is written behind the bytes without copying them.
constexpr std::size_t kRoom = 256;
constexpr std::uint64_t kBlock = 64 * 1024;

}  // namespace

Result<std::string> read_range(const MessageFile& message, ByteRange range) {
  range.offset = std::min(range.offset, message.size);
  range.size = std::min(range.size, message.size - range.offset);
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(range.size) + kRoom);
  bytes.resize(static_cast<std::size_t>(range.size));
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::pread(message.file->get(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(range.offset + done));
    if (got < 0 && errno == EINTR) continue;
    // Less than the size says: the literal is already announced with what there is, so no more.
    if (got <= 0) return fail(Error::Code::Temporary, "cannot read a message file");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<mail::Message> parse_file(const MessageFile& message) {
  mail::Parser parser;
  for (std::uint64_t offset = 0; offset < message.size; offset += kBlock) {
    const auto bytes = read_range(message, {offset, kBlock});
    if (!bytes) return fail(bytes.error());
    parser.feed(*bytes);
  }
  return parser.finish();
}

}  // namespace waxwing::imap
