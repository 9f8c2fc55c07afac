#include "protocols/imap/fetch_response.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocols/imap/message_file.h"

namespace waxwing::imap {

FetchResponse& FetchResponse::operator<<(std::string_view bytes) {
  size_ += bytes.size();
  if (pieces_.empty() || pieces_.back().file) pieces_.emplace_back();
  pieces_.back().bytes += bytes;
  return *this;
}

void FetchResponse::give(std::string bytes) {
  size_ += bytes.size();
  pieces_.emplace_back().bytes = std::move(bytes);
}

void FetchResponse::write_file(std::shared_ptr<const Fd> file, std::uint64_t offset,
                               std::uint64_t size, Nul nul) {
  if (size == 0) return;
  size_ += size;
  pieces_.push_back({{}, std::move(file), offset, size, nul});
}

void FetchResponse::append(FetchResponse&& rest) {
  size_ += rest.size_;
  std::move(rest.pieces_.begin(), rest.pieces_.end(), std::back_inserter(pieces_));
}

Result<bool> FetchResponse::hand_over(Output& output) {
  for (; next_ < pieces_.size(); ++next_) {
    has_begun_ = true;
    Piece& piece = pieces_[next_];
    if (!piece.file) {
      size_ -= piece.bytes.size();
      output.give(std::move(piece.bytes));
    } else if (piece.nul == Nul::Keep) {
      output.write_file(std::move(piece.file), piece.offset, piece.size);
      size_ -= piece.size;
    } else if (auto is_over = hand_over_blanked(piece, output); !is_over || !*is_over) {
      return is_over;
    }
  }
  return true;
}

Result<bool> FetchResponse::hand_over_blanked(Piece& piece, Output& output) {
  while (piece.size > 0) {
    if (output.is_full()) return false;
    const std::uint64_t count = std::min(piece.size, kFilePiece);
    auto bytes = read_range({piece.file, piece.offset + count}, {piece.offset, count});
    if (!bytes) return fail(bytes.error());
    std::ranges::replace(*bytes, '\0', ' ');
    output.give(std::move(*bytes));
    piece.offset += count;
    piece.size -= count;
    size_ -= count;
  }
  return true;
}

}  // namespace waxwing::imap
