#include "daemon/message_pieces.h"

#include <fstream>
#include <iostream>
#include <optional>

namespace waxwing {
namespace {

constexpr std::size_t kReadPiece = 65536;

class WireLineEnds {
 public:
  // As it was on the wire; valid until the next call.
  std::string_view convert(std::string_view bytes) {
    if (!has_bare_) find_out(bytes);
    if (!has_bare_ || !*has_bare_) {
      if (!bytes.empty()) last_ = bytes.back();
      return bytes;
    }
    text_.clear();
    for (const char c : bytes) {
      if (c == '\n' && last_ != '\r') text_ += '\r';
      text_ += last_ = c;
    }
    return text_;
  }

 private:
  void find_out(std::string_view bytes) {
    const auto newline = bytes.find('\n');
    if (newline != std::string_view::npos)
      has_bare_ = (newline == 0 ? last_ : bytes[newline - 1]) != '\r';
  }

  std::optional<bool> has_bare_;
  char last_ = 0;
  std::string text_;
};

}  // namespace

Outcome for_each_piece(const std::string& file,
                       const std::function<void(std::string_view)>& piece) {
  std::ifstream opened;
  if (file != "-") opened.open(file, std::ios::binary);
  std::istream& in = file == "-" ? std::cin : opened;
  if (file != "-" && !opened)
    return fail(Error::Code::NotFound,
                "cannot read " + file + ": is there such a file, and may you?");
  WireLineEnds ends;
  std::string buffer(kReadPiece, '\0');
  while (in.read(buffer.data(), kReadPiece) || in.gcount() > 0)
    piece(ends.convert(std::string_view(buffer).substr(0, static_cast<std::size_t>(in.gcount()))));
  if (in.bad()) return fail(Error::Code::Temporary, "cannot read " + file + " to its end");
  return {};
}

}  // namespace waxwing
