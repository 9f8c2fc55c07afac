#include "protocols/smtp/bdat_reader.h"

#include "base/text.h"

namespace waxwing::smtp {

std::optional<Chunk> parse_chunk(std::string_view argument) {
  const auto pieces = words(argument);
  if (pieces.empty() || pieces.size() > 2) return std::nullopt;
  if (pieces.size() == 2 && !equals_ignoring_case(pieces[1], "LAST")) return std::nullopt;
  const auto size = parse_number(pieces[0]);
  if (!size) return std::nullopt;
  return Chunk{*size, pieces.size() == 2};
}

std::string_view BdatReader::read(std::string_view bytes) {
  const auto text = bytes.substr(0, left_);
  left_ -= text.size();
  return text;
}

}  // namespace waxwing::smtp
