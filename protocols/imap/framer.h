#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/input.h"

namespace waxwing::imap {

// One command as it came: its lines joined, with the literals taken out. A literal stands at
// `offset` of `text`, where its "{n}" was.
struct RawCommand {
  struct Literal {
    std::size_t offset = 0;
    std::uint64_t size = 0;
    bool is_binary = false;  // literal8: may hold NUL
    bool is_staged = false;  // the session has the bytes
    std::string bytes;       // empty when staged
  };
  std::string text;
  std::vector<Literal> literals;

  std::string_view tag() const;  // empty when there is none that could be answered
  std::string name() const;      // upper case, "UID FETCH" as one; empty when there is none
};

// The outcome of Framer::next().
struct Framed {
  enum class Kind {
    NeedMore,  // the input is used up
    Literal,   // a literal is announced: call accept_in_memory(), accept_staged() or refuse(), then
               // next()
    Data,      // `data`: the next bytes of a staged literal
    Command,   // `command`: complete
    Rejected,  // the command was skipped whole: answer `tag` (or "*") and `text`
  };
  Kind kind = Kind::NeedMore;
  RawCommand command;

  // Literal
  std::uint64_t size = 0;
  bool is_synchronising = false;  // the client waits for "+"
  bool is_binary = false;

  std::string data;      // Data
  bool is_last = false;  // Data: the literal is complete

  std::string tag;   // Rejected; empty: untagged
  std::string text;  // Rejected: "BAD Line too long", "NO [OVERQUOTA] ..."
};

// Splits a client's byte stream into lines and literals without understanding IMAP. Malformed or
// oversized commands are skipped whole, so what follows is never mistaken for a command.
// RFC 9051 section 4.3, RFC 7888, RFC 3516. Held by one thread at a time.
//
// It takes bytes out of the input as it goes, so the input need not hold a whole command.
class Framer {
 public:
  struct Limits {
    std::size_t line;      // one line, and one literal in memory
    std::size_t command;   // lines and literals in memory together
    std::size_t literals;  // how many
  };
  static constexpr Limits kBeforeSignIn{8 * 1024, 64 * 1024, 8};
  // Clients send sets of UIDs as long as they like; this is room for some 20,000 of them.
  static constexpr Limits kSignedIn{192 * 1024, 512 * 1024, 1024};

  explicit Framer(Limits limits) : limits_(limits) {}
  void set_limits(Limits limits) { limits_ = limits; }

  Framed next(Input& input);

  // Answers to Kind::Literal; true: the client waits for the "+", send it. A literal in memory that
  // would exceed the limits is refused instead: next() then says Rejected.
  [[nodiscard]] bool accept_in_memory();
  [[nodiscard]] bool accept_staged();
  // The command ends with this tagged answer ("NO [TRYCREATE] No such mailbox"): at once when the
  // client waits, else when its bytes are swallowed.
  void refuse(std::string text);
  // What has come of the command: to decide what the literal is.
  const RawCommand& so_far() const { return command_; }

  // One line outside of command syntax, without CRLF, as `data`: a SASL response, DONE.
  // NeedMore, Data, or Rejected for one that is too long.
  Framed line(Input& input);

  // Nothing of a command has been read: the next byte is the first of a tag.
  bool is_idle() const;

 private:
  enum class State { Line, Asking, Literal, Skipping, SkippingLiteral, Refused };

  Framed step(Input& input);
  Framed read_line(Input& input);
  Framed end_of_line();
  Framed read_literal(Input& input);
  Framed skip_line(Input& input);
  Framed end_of_skipped_line();
  Framed skipped() const;
  Framed skip_literal(Input& input);
  bool accept(bool is_staged);
  void reject(std::string text);
  Framed rejected();
  void forget_command();

  Limits limits_;
  State state_ = State::Line;
  RawCommand command_;
  std::string line_;             // the current line so far; of a skipped one only its end
  std::size_t bytes_ = 0;        // of the command, in memory
  std::uint64_t remaining_ = 0;  // of the current literal
  bool is_synchronising_ = false;
  std::string rejection_;  // why the command is being skipped; empty: it has been told
  std::string rejected_tag_;
  bool follows_bare_newline_ = false;  // while skipping: each line skipped is told by itself
  bool has_skipped_ = false;           // something that is not told yet
  bool line_is_too_long_ = false;      // for line()
};

}  // namespace waxwing::imap
