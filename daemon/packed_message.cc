#include "daemon/packed_message.h"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <string_view>

namespace waxwing {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kGzipMagic = "\x1f\x8b"sv;
constexpr int kGzipWindow = 15 + 16;

struct Packing {
  std::string_view magic;
  const char* reason;
};
constexpr Packing kRefused[] = {
    {"BZh"sv, "compressed with bzip2, decompress it first"},
    {"\xfd"
     "7zXZ\0"sv,
     "compressed with xz, decompress it first"},
    {"\x28\xb5\x2f\xfd"sv, "compressed with zstd, decompress it first"},
    {"\x04\x22\x4d\x18"sv, "compressed with lz4, decompress it first"},
    {"Dovecot-LZ4"sv, "compressed with lz4, decompress it first"},
    {"CRYPTED"sv, "encrypted by Dovecot, decrypt it first"},
};

// Some of these could be the beginning of a field's name.
bool begins_with_field(std::string_view bytes) {
  const auto end =
      std::ranges::find_if(bytes, [](char c) { return c <= ' ' || c > '~' || c == ':'; });
  return end != bytes.end() && *end == ':';
}

bool is_packed(std::string_view bytes, const Packing& packing) {
  return bytes.starts_with(packing.magic) && !begins_with_field(bytes);
}

class MessageInflate {
 public:
  MessageInflate() {
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~MessageInflate() { inflateEnd(&stream_); }
  MessageInflate(const MessageInflate&) = delete;
  MessageInflate& operator=(const MessageInflate&) = delete;

  Result<std::string> run(std::string_view packed) {
    std::string out;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    for (;;) {
      char piece[64 * 1024];
      stream_.next_out = reinterpret_cast<Bytef*>(piece);
      stream_.avail_out = sizeof piece;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END) {
        return fail(Error::Code::Invalid, "compressed with gzip, and broken");
      }
      out.append(piece, sizeof piece - stream_.avail_out);
      if (out.size() > kMaxImported) {
        return fail(Error::Code::Invalid, "compressed with gzip, and larger than 180 MiB");
      }
      if (status == Z_OK) continue;
      // Whatever was appended to a file is one more of these.  RFC 1952 section 2.2
      const bool has_another = stream_.avail_in >= kGzipMagic.size() &&
                               std::string_view(reinterpret_cast<const char*>(stream_.next_in),
                                                kGzipMagic.size()) == kGzipMagic;
      if (!has_another || inflateReset(&stream_) != Z_OK) return out;
    }
  }

 private:
  z_stream stream_{};
};

}  // namespace

Result<std::string> unpack_message(std::string bytes) {
  if (bytes.size() > kMaxImported) return fail(Error::Code::Invalid, "larger than 180 MiB");
  for (const Packing& packing : kRefused) {
    if (is_packed(bytes, packing)) return fail(Error::Code::Invalid, packing.reason);
  }
  if (!bytes.starts_with(kGzipMagic)) return bytes;
  return MessageInflate().run(bytes);
}

}  // namespace waxwing
