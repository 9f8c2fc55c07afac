#include "protocols/imap/message_ids.h"

namespace waxwing::imap {

std::optional<std::string> MessageIds::next() {
  while (true) {
    lexer_.skip();
    if (lexer_.at_end()) return std::nullopt;
    if (lexer_.accept('<')) {
      const std::string left = part("@<>\"");
      if (!lexer_.accept('@')) continue;
      const std::string right = part("<>\"");
      if (lexer_.accept('>') && !left.empty() && !right.empty()) return left + "@" + right;
    } else if (lexer_.peek() == '"') {
      lexer_.quoted_string();
    } else if (lexer_.until("<\"(").empty()) {
      lexer_.advance();
    }
  }
}

// Up to one of these, but for quotes, which are taken off. White space comes from lines that were
// folded in the middle. Parentheses are no comments here: hosts without a name call themselves
// "(none)".
std::string MessageIds::part(std::string_view stops) {
  std::string text;
  while (true) {
    const std::string_view word = lexer_.until(stops);
    text += word;
    if (lexer_.peek() == '"') {
      text += lexer_.quoted_string();
    } else if (lexer_.at_end() || stops.find(lexer_.peek()) != stops.npos) {
      return text;
    } else {
      lexer_.advance();
    }
  }
}

}  // namespace waxwing::imap
