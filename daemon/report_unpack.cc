#include "daemon/report_unpack.h"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace waxwing {
namespace {

// XML becomes a hundredth at best; DEFLATE itself ends at a thousandth.
constexpr std::size_t kMaxRatio = 300, kSmall = 1'000'000;
constexpr int kGzip = 15 + 16, kRaw = -15;

tl::unexpected<Error> broken() {
  return fail(Error::Code::Invalid, "the archive is broken");
}

class ReportInflate {
 public:
  explicit ReportInflate(int window) {
    if (inflateInit2(&stream_, window) != Z_OK) throw std::bad_alloc();
  }
  ~ReportInflate() { inflateEnd(&stream_); }
  ReportInflate(const ReportInflate&) = delete;
  ReportInflate& operator=(const ReportInflate&) = delete;

  Result<std::string> run(std::string_view packed) {
    const std::size_t most = std::min(kMaxUnpacked, std::max(kSmall, packed.size() * kMaxRatio));
    std::string out;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    for (int status = Z_OK; status != Z_STREAM_END;) {
      char piece[64 * 1024];
      stream_.next_out = reinterpret_cast<Bytef*>(piece);
      stream_.avail_out = sizeof piece;
      status = inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END) return broken();
      out.append(piece, sizeof piece - stream_.avail_out);
      if (out.size() > most)
        return fail(Error::Code::TooLarge, "the archive holds more than a report would");
    }
    return out;
  }

 private:
  z_stream stream_{};
};

std::size_t number_at(std::string_view bytes, std::size_t offset, int size) {
  std::size_t number = 0;
  for (int i = size; i-- > 0;)
    number = number << 8 | static_cast<unsigned char>(bytes[offset + static_cast<std::size_t>(i)]);
  return number;
}

// The first file of a zip, by its local header (APPNOTE.TXT section 4.3.7): where DEFLATE ends, it
// says itself.
Result<std::string> first_file(std::string_view zip) {
  constexpr std::size_t kHeader = 30;
  if (zip.size() < kHeader) return broken();
  const std::size_t flags = number_at(zip, 6, 2), method = number_at(zip, 8, 2),
                    size = number_at(zip, 18, 4);
  const std::size_t start = kHeader + number_at(zip, 26, 2) + number_at(zip, 28, 2);
  const bool is_encrypted = (flags & 1) != 0, is_size_behind = (flags & 8) != 0;
  if (is_encrypted || start > zip.size()) return broken();
  const std::string_view packed = zip.substr(start);
  if (method == Z_DEFLATED) return ReportInflate(kRaw).run(packed);
  if (method != 0 || is_size_behind || size > packed.size()) return broken();
  if (size > kMaxUnpacked) return fail(Error::Code::TooLarge, "the archive is too large");
  return std::string(packed.substr(0, size));
}

}  // namespace

Result<std::string> unpack_report(std::string_view bytes) {
  if (bytes.size() > kMaxUnpacked) return fail(Error::Code::TooLarge, "it is too large");
  if (bytes.starts_with("\x1f\x8b")) return ReportInflate(kGzip).run(bytes);
  if (bytes.starts_with("PK\x03\x04")) return first_file(bytes);
  return std::string(bytes);
}

}  // namespace waxwing
