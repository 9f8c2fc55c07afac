#include "daemon/sender.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace waxwing {

namespace {

constexpr std::size_t kPacked = 16 * 1024;
constexpr std::uint64_t kPlain = 256 * 1024;

std::uint64_t size_of(const Output::Piece& piece) {
  const auto* bytes = std::get_if<std::string>(&piece);
  return bytes ? bytes->size() : std::get<Output::FileRange>(piece).size;
}

// How many bytes of the piece, from `skip` on, it put into `space`; 0 when the file is too short.
std::size_t copy(const Output::Piece& piece, std::uint64_t skip, std::span<char> space) {
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(size_of(piece) - skip, space.size()));
  if (const auto* bytes = std::get_if<std::string>(&piece)) {
    std::memcpy(space.data(), bytes->data() + skip, wanted);
    return wanted;
  }
  const auto& range = std::get<Output::FileRange>(piece);
  const ssize_t got = read_at(*range.file, range.offset + skip, space.first(wanted));
  return got == static_cast<ssize_t>(wanted) ? wanted : 0;
}

}  // namespace

void Sender::take(Output& output) {
  while (!output.empty()) {
    Output::Piece piece = output.take();
    size_ += size_of(piece);
    auto* bytes = std::get_if<std::string>(&piece);
    auto* last = pieces_.empty() ? nullptr : std::get_if<std::string>(&pieces_.back());
    // Many small answers become one write.
    if (bytes && last && bytes->size() + last->size() <= 16 * 1024) {
      last->append(*bytes);
    } else {
      pieces_.push_back(std::move(piece));
    }
  }
}

std::string_view Sender::front(std::span<char> space) {
  if (!deflater_) return plain_front(space);
  if (packed_.empty() && !pack(space)) return {};
  return std::string_view(packed_).substr(packed_done_);
}

// Compresses about a TLS record's worth, or less when that would take long. False when a file turns
// out to be too short.
bool Sender::pack(std::span<char> space) {
  const std::uint64_t before = size_;
  while (size_ > 0 && packed_.size() < kPacked) {
    if (!packed_.empty() && before - size_ >= kPlain) return true;
    std::string_view bytes = plain_front(space);
    if (bytes.empty()) return false;
    bytes = bytes.substr(0, kPacked);
    deflater_->add(bytes, packed_);
    consume_plain(bytes.size());
  }
  if (size_ == 0) is_last_ ? deflater_->finish(packed_) : deflater_->flush(packed_);
  return true;
}

std::string_view Sender::plain_front(std::span<char> space) const {
  if (pieces_.empty()) return {};
  if (const auto* bytes = std::get_if<std::string>(&pieces_.front())) {
    const std::string_view rest = std::string_view(*bytes).substr(static_cast<std::size_t>(done_));
    if (pieces_.size() == 1 || rest.size() >= space.size()) return rest;
  }
  std::size_t filled = 0;
  std::uint64_t skip = done_;
  for (const auto& piece : pieces_) {
    if (filled == space.size()) break;
    const std::size_t copied = copy(piece, skip, space.subspan(filled));
    if (copied == 0) break;
    filled += copied;
    skip = 0;
  }
  return {space.data(), filled};
}

void Sender::consume(std::uint64_t count) {
  if (!deflater_) return consume_plain(count);
  packed_done_ += static_cast<std::size_t>(count);
  if (packed_done_ < packed_.size()) return;
  std::string().swap(packed_);
  packed_done_ = 0;
  if (is_last_ && size_ == 0) {
    deflater_.reset();
    is_last_ = false;
  }
}

void Sender::consume_plain(std::uint64_t count) {
  size_ -= count;
  done_ += count;
  while (!pieces_.empty() && done_ >= size_of(pieces_.front())) {
    done_ -= size_of(pieces_.front());
    pieces_.pop_front();
  }
  if (pieces_.empty()) {
    done_ = 0;
    pieces_.shrink_to_fit();
  }
}

}  // namespace waxwing
