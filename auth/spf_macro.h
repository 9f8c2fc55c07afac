#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing::spf {

// Text with macros, as terms of an SPF record and explanations have it.  RFC 7208 section 7
class MacroString {
 public:
  enum class Grammar {
    DomainSpec,   // ends as a name ends; without the letters c, r and t
    Modifier,     // any visible characters
    Explanation,  // and spaces
  };
  // Nothing when the text does not follow the grammar.
  static std::optional<MacroString> parse(std::string_view text, Grammar grammar);

  // What a lower-case letter stands for.
  using Values = std::function<std::string(char letter)>;
  // As a name to ask for: what is too long loses labels on the left. It may still be no name.
  std::string expand_name(const Values& values) const;
  // The first `max` bytes.
  std::string expand_text(const Values& values, std::size_t max) const;

 private:
  struct Piece {
    std::string literal;  // stands alone when there is no letter
    char letter = 0;      // lower case
    bool is_escaped = false;
    bool is_reversed = false;
    std::size_t parts = 0;   // so many from the right; 0: all
    std::string delimiters;  // "": a dot
  };
  // Parses the "{...}" at the start of `text` and takes it away.
  static std::optional<Piece> parse_macro(std::string_view& text, Grammar grammar);
  static std::string expand(const Piece& piece, const Values& values);

  std::vector<Piece> pieces_;
};

}  // namespace waxwing::spf
