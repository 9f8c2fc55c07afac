#include "daemon/compression.h"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace waxwing {
namespace {

// Negative: DEFLATE without a header.  RFC 4978 section 4
constexpr int kWindow = -13;
constexpr int kMemory = 6;
constexpr int kLevel = 3;
// A client may use the largest.
constexpr int kLargestWindow = -15;
constexpr std::size_t kDeflatePiece = 16 * 1024;

void set_input(z_stream& stream, std::string_view bytes) {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

}  // namespace

Deflater::Deflater() : stream_(std::make_unique<z_stream>()) {
  if (deflateInit2(stream_.get(), kLevel, Z_DEFLATED, kWindow, kMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
}

Deflater::~Deflater() {
  deflateEnd(stream_.get());
}

void Deflater::add(std::string_view bytes, std::string& packed) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kDeflatePiece, bytes.size()))) {
    run(bytes.substr(0, kDeflatePiece), Z_NO_FLUSH, packed);
  }
}

void Deflater::flush(std::string& packed) {
  run({}, Z_SYNC_FLUSH, packed);
}

void Deflater::finish(std::string& packed) {
  run({}, Z_FINISH, packed);
}

void Deflater::run(std::string_view bytes, int how, std::string& packed) {
  set_input(*stream_, bytes);
  do {
    const std::size_t before = packed.size();
    packed.resize(before + kDeflatePiece);
    stream_->next_out = reinterpret_cast<Bytef*>(packed.data() + before);
    stream_->avail_out = kDeflatePiece;
    deflate(stream_.get(), how);
    packed.resize(before + kDeflatePiece - stream_->avail_out);
  } while (stream_->avail_out == 0);
}

Inflater::Inflater() : stream_(std::make_unique<z_stream>()) {
  if (inflateInit2(stream_.get(), kLargestWindow) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() {
  inflateEnd(stream_.get());
}

void Inflater::feed(std::string_view bytes) {
  fed_.erase(0, used_);
  used_ = 0;
  fed_ += bytes;
}

Inflater::Next Inflater::next(std::span<char> space) {
  set_input(*stream_, std::string_view(fed_).substr(used_));
  stream_->next_out = reinterpret_cast<Bytef*>(space.data());
  stream_->avail_out = static_cast<uInt>(space.size());
  const int result = inflate(stream_.get(), Z_SYNC_FLUSH);
  used_ = fed_.size() - stream_->avail_in;
  if (used_ == fed_.size()) {
    // An idle connection keeps no buffer.
    std::string().swap(fed_);
    used_ = 0;
  }
  was_full_ = stream_->avail_out == 0;
  const std::size_t count = space.size() - stream_->avail_out;
  if (count > 0) return {Next::Kind::Some, count};
  switch (result) {
    case Z_OK:
    case Z_BUF_ERROR: return {Next::Kind::Hungry};
    case Z_STREAM_END: return {Next::Kind::Ended};
    default: return {Next::Kind::Damaged};
  }
}

bool Inflater::has_more() const {
  return was_full_ || !fed_.empty();
}

}  // namespace waxwing
