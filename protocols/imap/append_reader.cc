#include "protocols/imap/append_reader.h"

#include <utility>

#include "protocols/imap/parser_parts.h"

namespace waxwing::imap {

bool AppendReader::reads(std::string_view command) {
  return command == "APPEND" || command == "REPLACE" || command == "UID REPLACE";
}

tl::expected<AppendReader::Literal, SyntaxError> AppendReader::announced(const RawCommand& so_far) {
  is_unfinished_ = true;
  Lexer lexer(so_far, mark_);
  while (true) {
    const Found found = step(lexer);
    if (!lexer.ok()) {
      return tl::unexpected<SyntaxError>(
          SyntaxError{std::string(so_far.tag()), name_ + ": " + lexer.error()});
    }
    if (found == Found::Unsent) return Literal::Other;
    mark_ = lexer.mark();
    if (found == Found::Text && !lexer.has_literals()) return Literal::Text;
  }
}

void AppendReader::read_all(Lexer& lexer) {
  if (place_ == Place::Name) place_ = Place::Mailbox;
  do {
    step(lexer);
  } while (lexer.ok() &&
           !(place_ == Place::Message && !append_.messages.empty() && lexer.at_end()));
}

AppendReader::Found AppendReader::step(Lexer& lexer) {
  switch (place_) {
    case Place::Name: return read_name(lexer);
    case Place::Number: return read_number(lexer);
    case Place::Mailbox: return read_mailbox(lexer);
    case Place::Message: return read_message(lexer);
    case Place::Options: return read_options(lexer);
    case Place::Entry: return read_entry(lexer);
    case Place::Attribute: return read_attribute(lexer);
    case Place::Value: return read_value(lexer);
    case Place::ValueEnd: return read_value_end(lexer);
    case Place::Part: return read_part(lexer);
    case Place::PartEnd:
      if (lexer.take(')')) {
        place_ = Place::Message;
      } else {
        lexer.space();
        place_ = Place::Part;
      }
      return Found::Word;
    case Place::Utf8End:
      lexer.expect(')');
      place_ = append_.messages.back().is_catenated ? Place::PartEnd : Place::Message;
      return Found::Word;
  }
  return Found::Word;
}

AppendReader::Found AppendReader::read_name(Lexer& lexer) {
  name_ = parse_name(lexer);
  if (name_.starts_with("UID ")) numbering_ = Numbering::Uid;
  place_ = name_ == "APPEND" ? Place::Mailbox : Place::Number;
  return Found::Word;
}

AppendReader::Found AppendReader::read_number(Lexer& lexer) {
  lexer.space();
  replaced_ = SequenceSet::parse(lexer.take('*') ? "*" : std::to_string(lexer.nz_number()));
  place_ = Place::Mailbox;
  return Found::Word;
}

AppendReader::Found AppendReader::read_mailbox(Lexer& lexer) {
  lexer.space();
  if (is_unfinished_ && lexer.at_last_literal()) return Found::Unsent;
  append_.mailbox = lexer.astring("a mailbox name");
  place_ = Place::Message;
  return Found::Word;
}

// [SP flag-list] [SP date-time] *(SP append-ext) SP append-data.  RFC 3502 section 6.3.11, RFC 4466
AppendReader::Found AppendReader::read_message(Lexer& lexer) {
  // RFC 8508 section 4.7
  if (replaced_ && !append_.messages.empty()) lexer.fail("REPLACE takes one message");
  lexer.space();
  AppendMessage message;
  if (lexer.at('(')) {
    message.flags = parse_flag_list(lexer);
    lexer.space();
  }
  if (lexer.at('"')) {
    message.internal_date = lexer.date_time();
    lexer.space();
  }
  append_.messages.push_back(std::move(message));
  place_ = Place::Options;
  return Found::Word;
}

AppendReader::Found AppendReader::read_options(Lexer& lexer) {
  if (lexer.take_word("ANNOTATION")) {
    lexer.space();
    lexer.expect('(');
    place_ = Place::Entry;
    return Found::Word;
  }
  append_.messages.back().is_catenated = lexer.take_word("CATENATE");
  if (append_.messages.back().is_catenated) {
    lexer.space();
    lexer.expect('(');
    place_ = Place::Part;
    return Found::Word;
  }
  if (lexer.take_word("UTF8")) return read_utf8(lexer);
  return read_text(lexer, "the message as a literal");
}

// entry-att: entry SP "(" att-value *(SP att-value) ")", each name or value of which may be a
// literal.  RFC 5257 section 5
AppendReader::Found AppendReader::read_entry(Lexer& lexer) {
  if (is_unfinished_ && lexer.at_last_literal()) return Found::Unsent;
  annotation_.entry = parse_annotation_entry(lexer);
  lexer.space();
  lexer.expect('(');
  place_ = Place::Attribute;
  return Found::Word;
}

AppendReader::Found AppendReader::read_attribute(Lexer& lexer) {
  if (is_unfinished_ && lexer.at_last_literal()) return Found::Unsent;
  annotation_.whose = parse_annotation_attribute(lexer);
  lexer.space();
  place_ = Place::Value;
  return Found::Word;
}

AppendReader::Found AppendReader::read_value(Lexer& lexer) {
  if (is_unfinished_ && lexer.at_last_literal()) return Found::Unsent;
  annotation_.value = parse_annotation_value(lexer, annotation_.entry);
  auto& annotations = append_.messages.back().annotations;
  annotations.push_back(annotation_);
  if (annotations.size() > kMaxListEntries) lexer.fail("Too many values");
  place_ = Place::ValueEnd;
  return Found::Word;
}

AppendReader::Found AppendReader::read_value_end(Lexer& lexer) {
  if (!lexer.take(')')) {
    lexer.space();
    place_ = Place::Attribute;
  } else if (lexer.take(')')) {
    lexer.space();
    place_ = Place::Options;
  } else {
    lexer.space();
    place_ = Place::Entry;
  }
  return Found::Word;
}

// RFC 4469 section 5, RFC 6855 section 4
AppendReader::Found AppendReader::read_part(Lexer& lexer) {
  if (lexer.take_word("URL")) return read_url(lexer);
  if (lexer.take_word("UTF8")) return read_utf8(lexer);
  if (!lexer.take_word("TEXT")) lexer.fail("CATENATE takes TEXT, UTF8 and URL");
  lexer.space();
  return read_text(lexer, "the text as a literal");
}

AppendReader::Found AppendReader::read_url(Lexer& lexer) {
  lexer.space();
  if (is_unfinished_ && lexer.at_last_literal()) return Found::Unsent;
  AppendPart part;
  part.kind = AppendPart::Kind::Url;
  part.text = lexer.astring("a URL");
  append_.messages.back().parts.push_back(std::move(part));
  place_ = Place::PartEnd;
  return Found::Word;
}

AppendReader::Found AppendReader::read_text(Lexer& lexer, std::string_view what) {
  const RawCommand::Literal* literal = lexer.literal(what);
  if (!literal) return Found::Word;
  place_ = append_.messages.back().is_catenated ? Place::PartEnd : Place::Message;
  return add_literal(*literal, AppendPart::Kind::Text);
}

AppendReader::Found AppendReader::read_utf8(Lexer& lexer) {
  lexer.space();
  lexer.expect('(');
  const RawCommand::Literal* literal = lexer.literal("a literal8");
  if (!literal) return Found::Word;
  if (!literal->is_binary) lexer.fail("Behind UTF8 the text is a literal8, ~{...}");
  place_ = Place::Utf8End;
  return add_literal(*literal, AppendPart::Kind::Utf8);
}

AppendReader::Found AppendReader::add_literal(const RawCommand::Literal& literal,
                                              AppendPart::Kind kind) {
  append_.messages.back().parts.push_back({kind, literal.size, literal.is_binary, literal.bytes});
  return Found::Text;
}

Command::Body parse_append(Lexer& lexer) {
  AppendReader reader;
  reader.read_all(lexer);
  return reader.append();
}

Command::Body parse_replace(Lexer& lexer) {
  AppendReader reader;
  reader.expect_number();
  reader.read_all(lexer);
  Replace replace;
  replace.set = reader.replaced().value_or(SequenceSet());
  replace.append = reader.append();
  return replace;
}

}  // namespace waxwing::imap
