#include "protocols/mail/lexer.h"

#include <algorithm>

#include "base/text.h"

namespace waxwing::mail {
namespace {

bool is_folding_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}
bool is_line_end(char c) {
  return c == '\r' || c == '\n' || c == '\0';
}

}  // namespace

void Lexer::skip() {
  while (!rest_.empty()) {
    if (is_folding_space(rest_.front())) {
      rest_.remove_prefix(1);
    } else if (rest_.front() == '(') {
      pass_comment();
    } else {
      return;
    }
  }
}

void Lexer::pass_comment() {
  comment_.clear();
  std::size_t depth = 0;
  while (!rest_.empty()) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '\\' && !rest_.empty()) {
      comment_ += rest_.front();
      rest_.remove_prefix(1);
      continue;
    }
    if (c == '(' && depth++ == 0) continue;
    if (c == ')' && --depth == 0) break;
    if (!is_line_end(c)) comment_ += c;
  }
  if (depth > 0) unfinished_ = true;
  comment_ = std::string(trim(comment_));
}

bool Lexer::accept(char c) {
  if (peek() != c || at_end()) return false;
  rest_.remove_prefix(1);
  return true;
}

std::string Lexer::quoted_string() {
  std::string text;
  advance();
  while (!rest_.empty()) {
    char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"') return text;
    if (c == '\\' && !rest_.empty()) {
      c = rest_.front();
      rest_.remove_prefix(1);
    }
    if (!is_line_end(c)) text += c;
  }
  unfinished_ = true;
  return text;
}

std::string Lexer::domain_literal() {
  std::string text;
  while (!rest_.empty()) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (!is_folding_space(c)) text += c;
    if (c == ']') return text;
  }
  unfinished_ = true;
  return text;
}

std::string_view Lexer::until(std::string_view stops) {
  const auto end = std::find_if(rest_.begin(), rest_.end(), [&](char c) {
    return is_folding_space(c) || stops.find(c) != std::string_view::npos;
  });
  const std::string_view word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  rest_.remove_prefix(word.size());
  return word;
}

}  // namespace waxwing::mail
