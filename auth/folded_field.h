#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace waxwing {

// A header field that grows by pieces, each on a new line where it would go too far.
class FoldedField {
 public:
  explicit FoldedField(std::string start) : text_(std::move(start)), column_(text_.size()) {}

  FoldedField& add(std::string_view piece) {
    if (column_ + piece.size() > kMaxLine) {
      text_ += "\r\n\t";
      column_ = 1;
    }
    text_ += piece;
    column_ += piece.size();
    return *this;
  }
  FoldedField& add_base64(std::string_view encoded) {
    for (; !encoded.empty(); encoded.remove_prefix(std::min(kPiece, encoded.size())))
      add(encoded.substr(0, kPiece));
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  static constexpr std::size_t kMaxLine = 76;
  static constexpr std::size_t kPiece = 64;
  std::string text_;
  std::size_t column_;
};

}  // namespace waxwing
