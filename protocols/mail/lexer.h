#pragma once

#include <string>
#include <string_view>

namespace waxwing::mail {

// Reads the tokens of structured header fields, raw or unfolded: atoms, quoted strings, comments,
// domain literals. Accepts what is unfinished as if it were finished.  RFC 5322 section 3.2
class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_(text) {}

  // Passes white space, line ends, NULs and comments.
  void skip();
  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool accept(char c);
  void advance() { rest_.remove_prefix(rest_.empty() ? 0 : 1); }

  // At a '"': what stands between the quotes, unescaped and unfolded.
  std::string quoted_string();
  // At a '[': all of it with both brackets, white space removed.
  std::string domain_literal();
  // Everything up to white space or one of `stops`; may be empty.
  std::string_view until(std::string_view stops);
  // The text of the last comment that skip() passed, and forgets it.
  std::string take_comment() { return std::move(comment_); }
  // A comment, quoted string or domain literal had no end.
  bool is_unfinished() const { return unfinished_; }

 private:
  void pass_comment();

  std::string_view rest_;
  std::string comment_;
  bool unfinished_ = false;
};

}  // namespace waxwing::mail
