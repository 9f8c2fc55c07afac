// Any bytes make a message whose parts lie inside of it, however the bytes arrive, and that comes
// back from its encoded form.

#include <cstdlib>
#include <string_view>

#include "protocols/mail/message.h"

namespace {

using namespace waxwing::mail;

void check(bool promise) {
  if (!promise) std::abort();
}

void check_part(const Part& part, std::uint64_t begin, std::uint64_t end) {
  check(begin <= part.header_offset && part.header_offset <= part.body_offset);
  check(part.body_offset + part.body_size <= end);
  check(!(part.is_multipart() || part.is_message()) || !part.parts.empty());
  for (const Part& inner : part.parts) check_part(inner, part.body_offset, end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Message message = parse(bytes);
  check(message.size == size);
  check_part(message.root, 0, size);
  const std::string encoded = encode(message);

  Parser parser;
  for (std::size_t at = 0, step = 1; at < size; at += step, step = step % 13 + 1) {
    parser.feed(bytes.substr(at, step));
  }
  check(encode(parser.finish()) == encoded);

  const auto decoded = decode(encoded);
  check(decoded && encode(*decoded) == encoded);
  if (decode(bytes)) check(encode(*decode(bytes)) == bytes);

  prepend(message, "X-Before: a\r\n");
  check_part(message.root, 0, size + 13);
  return 0;
}
