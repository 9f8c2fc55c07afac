#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "protocols/imap/command.h"
#include "protocols/imap/lexer.h"
#include "protocols/imap/parser.h"

namespace waxwing::imap {

// Understands APPEND and REPLACE as they come in, because what their literals are has to be known
// before their octets are sent. Each word is read once, however many messages follow each other.
class AppendReader {
 public:
  static bool reads(std::string_view command);  // "UID REPLACE"

  // The command's next literal was just announced. Text: its octets are text of a message. Other:
  // they are a mailbox name or a URL, and belong to the command. An error: this cannot be
  // understood, whatever follows.
  enum class Literal { Text, Other };
  tl::expected<Literal, SyntaxError> announced(const RawCommand& so_far);

  // What has been understood: after Text, the announced literal is its last part.
  const Append& append() const { return append_; }
  // REPLACE: which message.
  const std::optional<SequenceSet>& replaced() const { return replaced_; }
  Numbering numbering() const { return numbering_; }

  // The arguments of a complete command, from the space behind its name.
  void read_all(Lexer& lexer);
  void expect_number() { place_ = Place::Number; }

 private:
  enum class Place {
    Name,
    Number,
    Mailbox,
    Message,
    Options,
    Entry,
    Attribute,
    Value,
    ValueEnd,
    Part,
    PartEnd,
    Utf8End
  };
  // What a step came upon. Unsent: a literal that is no text of a message and is still to come;
  // nothing was taken.
  enum class Found { Word, Text, Unsent };

  Found step(Lexer& lexer);
  Found read_name(Lexer& lexer);
  Found read_number(Lexer& lexer);
  Found read_mailbox(Lexer& lexer);
  Found read_message(Lexer& lexer);
  Found read_options(Lexer& lexer);
  Found read_entry(Lexer& lexer);
  Found read_attribute(Lexer& lexer);
  Found read_value(Lexer& lexer);
  Found read_value_end(Lexer& lexer);
  Found read_part(Lexer& lexer);
  Found read_url(Lexer& lexer);
  Found read_text(Lexer& lexer, std::string_view what);
  Found read_utf8(Lexer& lexer);
  Found add_literal(const RawCommand::Literal& literal, AppendPart::Kind kind);

  Append append_;
  std::optional<SequenceSet> replaced_;
  Numbering numbering_ = Numbering::Sequence;
  Place place_ = Place::Name;
  Lexer::Mark mark_;
  std::string name_;
  AnnotationChange annotation_;  // the one that is being read
  bool is_unfinished_ = false;   // the last literal has only been announced
};

}  // namespace waxwing::imap
