#include "protocols/imap/long_line.h"

#include <string_view>

namespace waxwing::imap {
namespace {

constexpr std::size_t kLinePiece = 64 * 1024;

}  // namespace

bool LongLine::hand_over(Output& output) {
  while (sent_ < text_.size()) {
    if (output.is_full()) return false;
    const std::string_view piece = std::string_view(text_).substr(sent_, kLinePiece);
    output << piece;
    sent_ += piece.size();
  }
  return true;
}

}  // namespace waxwing::imap
