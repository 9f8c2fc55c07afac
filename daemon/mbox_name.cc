#include "daemon/mbox_name.h"

#include "base/encoding.h"
#include "base/text.h"
#include "storage/mailbox_name.h"

namespace waxwing {
namespace {

constexpr std::string_view kSuffix = ".mbox";
// Of a file's name, which has 255 octets; the rest is for ".mbox" and what is written longer.
constexpr std::size_t kMaxPiece = 240;
// No folder of anybody else's that ends in "%" is taken for a level that goes on.
constexpr std::size_t kLongPiece = 200;

bool is_escaped(char c) {
  return c == '%' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool ends_as_file(std::string_view piece) {
  return piece.size() >= kSuffix.size() &&
         equals_ignoring_case(piece.substr(piece.size() - kSuffix.size()), kSuffix);
}

// As much of the front of a level as a file's name holds; takes it away.
std::string take_piece(std::string_view& level) {
  std::string piece;
  while (!level.empty()) {
    std::size_t size = 1;  // of a character, which is not cut
    while (size < level.size() && (static_cast<unsigned char>(level[size]) & 0xc0) == 0x80) ++size;
    const bool is_dot = piece.empty() && level[0] == '.';
    const std::string next = is_dot || is_escaped(level[0])
                                 ? "%" + to_upper(hex(level.substr(0, 1)))
                                 : std::string(level.substr(0, size));
    if (piece.size() + next.size() > kMaxPiece) break;
    piece += next;
    level.remove_prefix(size);
  }
  if (ends_as_file(piece)) piece.replace(piece.size() - kSuffix.size(), 1, "%2E");
  return piece;
}

// Only what take_piece() writes so.
std::string decode(std::string_view piece) {
  std::string text;
  while (!piece.empty()) {
    const auto byte = piece[0] == '%' && piece.size() >= 3 ? from_hex(piece.substr(1, 2))
                                                           : std::optional<std::string>();
    const bool is_ours = byte && ((*byte)[0] == '.' || is_escaped((*byte)[0]));
    text += is_ours ? (*byte)[0] : piece[0];
    piece.remove_prefix(is_ours ? 3 : 1);
  }
  return text;
}

}  // namespace

std::vector<std::string> mbox_path_of(std::string_view mailbox) {
  std::vector<std::string> path;
  for (std::string_view level : split(mailbox, '/')) {
    for (;;) {
      path.push_back(take_piece(level));
      if (level.empty()) break;
      path.back() += '%';
    }
  }
  path.back() += kSuffix;
  return path;
}

std::optional<std::string> mailbox_of_mbox_path(const std::vector<std::string>& path) {
  std::string name;
  for (std::size_t n = 0; n < path.size(); ++n) {
    std::string_view piece = path[n];
    const bool is_file = n + 1 == path.size();
    const bool goes_on = !is_file && piece.size() > kLongPiece && piece.ends_with('%');
    if (goes_on) piece.remove_suffix(1);
    if (is_file && ends_as_file(piece)) piece.remove_suffix(kSuffix.size());
    name += decode(piece);
    if (!is_file && !goes_on) name += '/';
  }
  const auto canonical = canonical_name(name);
  if (!canonical) return std::nullopt;
  return *canonical;
}

}  // namespace waxwing
