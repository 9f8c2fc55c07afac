#include "daemon/message_pass.h"

namespace waxwing {

Outcome MessagePass::run() {
  constexpr std::size_t kPiece = 64 * 1024;
  read(fields_);
  for (std::uint64_t offset = 0; offset < message_.size();) {
    const auto piece = message_.read(offset, kPiece);
    if (!piece) return fail(piece.error());
    if (piece->empty())
      return fail(Error::Code::Corrupt, "staged message is shorter than its size");
    read(*piece);
    offset += piece->size();
  }
  return {};
}

void MessagePass::read(std::string_view piece) const {
  for (const Reader& reader : readers_) reader(piece);
}

}  // namespace waxwing
