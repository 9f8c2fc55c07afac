#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "protocols/imap/framer.h"
#include "protocols/imap/sequence_set.h"

namespace waxwing::imap {

// Character classes.  RFC 9051 section 9
bool is_atom_char(char c);
bool is_astring_char(char c);  // atom or "]"
bool is_tag_char(char c);      // astring without "+"
bool is_list_char(char c);     // atom, "]", "%", "*"

// Days since 1970-01-01 of a date-text: "1-Feb-1994", "01-Feb-1994".
std::optional<std::int64_t> parse_date(std::string_view text);
// A date-time without its quotes: "17-Jul-1996 02:44:25 -0700", " 7-Jul-1996 ...".
std::optional<Time> parse_date_time(std::string_view text);

// Reads the tokens of one command from left to right. The first error stays: after it every
// read gives an empty value and takes nothing, so a parser may read on and ask ok() at its end and
// in its loops. What is returned may be longer than the command only by nothing: bounded by it.
class Lexer {
 public:
  explicit Lexer(const RawCommand& raw) : raw_(raw) {}
  // A place between two tokens, to go on from when more of the command has come.
  struct Mark {
    std::size_t position = 0;
    std::size_t literal = 0;
  };
  Lexer(const RawCommand& raw, Mark mark)
      : raw_(raw), position_(mark.position), next_(mark.literal) {}
  Mark mark() const { return {position_, next_}; }

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  // `text` is for the client.
  void fail(std::string text);

  // At the end of the command; trailing spaces do no harm.
  bool at_end() const;
  bool at(char c) const;
  // These characters are next.
  bool is_followed_by(std::string_view text) const { return rest().starts_with(text); }
  bool at_digit() const;
  bool at_text(std::string_view text) const;  // in any case
  bool at_literal() const { return ok() && position_ == limit() && next_ < raw_.literals.size(); }
  // Some literal has not been taken yet.
  bool has_literals() const { return next_ < raw_.literals.size(); }
  bool at_last_literal() const { return at_literal() && next_ + 1 == raw_.literals.size(); }
  // Takes the character when it is next.
  bool take(char c);
  // Takes this whole word, in any case, when it is next.
  bool take_word(std::string_view word);
  void expect(char c);
  void space() { expect(' '); }
  void end();

  std::string atom(std::string_view what);  // `what` for the error: "a mechanism"
  std::string word(std::string_view what);  // an atom in upper case
  std::string astring(std::string_view what);
  std::optional<std::string> nstring(std::string_view what);
  std::string string(std::string_view what);
  std::string list_mailbox();
  std::uint64_t number(std::uint64_t max = UINT32_MAX);
  std::uint64_t nz_number(std::uint64_t max = UINT32_MAX);
  SequenceSet sequence_set();
  std::int64_t date();  // with or without quotes
  Time date_time();
  // The next literal, whatever it is; nullptr (and an error) when there is none.
  const RawCommand::Literal* literal(std::string_view what);
  // Characters up to the next one for which the test fails; may be empty.
  std::string_view run(bool (*test)(char));

 private:
  std::size_t limit() const {
    return next_ < raw_.literals.size() ? raw_.literals[next_].offset : raw_.text.size();
  }
  std::string_view rest() const {
    return ok() ? std::string_view(raw_.text).substr(position_, limit() - position_)
                : std::string_view();
  }
  void expected(std::string_view what);
  std::string quoted();

  const RawCommand& raw_;
  std::size_t position_ = 0;
  std::size_t next_ = 0;  // literal
  std::string error_;
};

}  // namespace waxwing::imap
