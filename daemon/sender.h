#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/compression.h"
#include "protocols/output.h"

namespace waxwing {

// What is on its way to one client, in order. Parts of files are read only when the client is ready
// for them. Loop thread only.
class Sender {
 public:
  // Takes everything that is in `output`.
  void take(Output& output);
  bool empty() const { return size() == 0; }
  std::uint64_t size() const { return size_ + packed_.size() - packed_done_; }

  // From now on front() compresses, and flushes whenever it has come to the end of what there is.
  // Only when empty.
  void compress() { deflater_ = std::make_unique<Deflater>(); }
  // What there is now is the last that is compressed.
  void end_compression() { is_last_ = true; }

  // The next bytes, at least one and as many as fit into `space` (or more, when they are in memory
  // in one piece anyway). Asked again it gives the same bytes first, as a repeated SSL_write must
  // see them. Empty when a file turns out to be shorter than promised.
  std::string_view front(std::span<char> space);
  // Forgets the first `count` bytes.
  void consume(std::uint64_t count);

 private:
  std::string_view plain_front(std::span<char> space) const;
  void consume_plain(std::uint64_t count);
  bool pack(std::span<char> space);

  std::deque<Output::Piece> pieces_;
  std::uint64_t done_ = 0;  // of the first piece
  std::uint64_t size_ = 0;
  std::unique_ptr<Deflater> deflater_;
  std::string packed_;  // compressed, of pieces that are gone
  std::size_t packed_done_ = 0;
  bool is_last_ = false;  // the compression ends when there is nothing left
};

}  // namespace waxwing
