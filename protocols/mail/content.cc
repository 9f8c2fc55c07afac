#include "protocols/mail/content.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "protocols/mail/address_list.h"
#include "protocols/mail/header.h"
#include "protocols/mail/lexer.h"

namespace waxwing::mail {
namespace {

constexpr std::size_t kMaxLanguages = 100;

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 127 &&
           std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
  });
}

std::string parameter_value(Lexer& lexer) {
  lexer.skip();
  if (lexer.peek() == '"') return lexer.quoted_string();
  // An unquoted value with spaces in it (name=my file.pdf) runs to the semicolon.
  std::string value;
  for (;;) {
    const std::string_view word = lexer.until(";(\"");
    if (word.empty()) return value;
    if (!value.empty()) value += ' ';
    value += word;
    lexer.skip();
  }
}

void set_once(std::optional<std::string>& target, std::string_view value) {
  if (!target) target = unfold(value);
}

void set_once(std::vector<EnvelopeAddress>& target, std::string_view value) {
  if (target.empty()) target = parse_address_list(value);
}

// A second To: or Cc: adds its addresses.  RFC 7103 section 7.5.1
void add(std::vector<EnvelopeAddress>& target, std::string_view value) {
  if (target.size() >= kMaxAddresses) return;
  auto more = parse_address_list(value);
  std::move(more.begin(), more.end(), std::back_inserter(target));
}

void read_type(std::string_view value, Part& part) {
  ContentField field = parse_content_field(value);
  const std::size_t slash = field.value.find('/');
  if (slash == std::string::npos) return;
  const std::string_view type = trim(std::string_view(field.value).substr(0, slash));
  const std::string_view subtype = trim(std::string_view(field.value).substr(slash + 1));
  if (!is_token(type) || !is_token(subtype)) return;
  part.type = type;
  part.subtype = subtype;
  part.parameters = std::move(field.parameters);
}

void read_languages(std::string_view value, Part& part) {
  Lexer lexer(value);
  while (part.languages.size() < kMaxLanguages) {
    lexer.skip();
    if (lexer.at_end()) return;
    const std::string_view word = lexer.until(",(");
    if (word.empty()) {
      lexer.advance();
    } else {
      part.languages.emplace_back(word);
    }
  }
}

std::string first_word(std::string_view value) {
  Lexer lexer(value);
  lexer.skip();
  return to_lower(lexer.until(";(,"));
}

}  // namespace

ContentField parse_content_field(std::string_view raw) {
  ContentField field;
  Lexer lexer(raw);
  for (;;) {
    lexer.skip();
    // "text / plain" is legal in the old syntax; any other word is a parameter whose semicolon was
    // forgotten.
    if (!field.value.empty() && !field.value.ends_with('/') && lexer.peek() != '/') break;
    const std::string_view word = lexer.until(";(");
    if (word.empty()) break;
    field.value += to_lower(word);
  }
  while (field.parameters.size() < kMaxParameters) {
    lexer.skip();
    if (lexer.at_end()) break;
    if (lexer.accept(';')) continue;
    std::string name = to_lower(lexer.until("=;("));
    lexer.skip();
    if (!lexer.accept('=')) {
      if (name.empty()) lexer.advance();
      continue;
    }
    std::string value = parameter_value(lexer);
    if (is_token(name)) field.parameters.emplace_back(std::move(name), std::move(value));
  }
  return field;
}

const std::string* find_parameter(const Parameters& parameters, std::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return &value;
  }
  return nullptr;
}

void read_part_header(std::string_view header, Part& part) {
  bool has_type = false, has_encoding = false;
  for (HeaderWalker walker(header); const auto field = walker.next();) {
    constexpr std::string_view kPrefix = "Content-";
    if (!starts_with_ignoring_case(field->name, kPrefix)) continue;
    const std::string name = to_lower(field->name.substr(kPrefix.size()));
    if (name == "type") {
      if (!has_type) read_type(field->value, part);
      has_type = true;
    } else if (name == "transfer-encoding") {
      const std::string encoding = first_word(field->value);
      if (!has_encoding && is_token(encoding)) part.encoding = encoding;
      has_encoding = true;
    } else if (name == "id") {
      set_once(part.id, field->value);
    } else if (name == "description") {
      set_once(part.description, field->value);
    } else if (name == "location") {
      set_once(part.location, field->value);
    } else if (name == "md5") {
      set_once(part.md5, field->value);
    } else if (name == "language") {
      if (part.languages.empty()) read_languages(field->value, part);
    } else if (name == "disposition" && !part.disposition) {
      ContentField disposition = parse_content_field(field->value);
      if (!is_token(disposition.value)) continue;
      part.disposition = std::move(disposition.value);
      part.disposition_parameters = std::move(disposition.parameters);
    }
  }
}

Envelope parse_envelope(std::string_view header) {
  Envelope envelope;
  for (HeaderWalker walker(header); const auto field = walker.next();) {
    const auto is = [&](std::string_view name) { return equals_ignoring_case(field->name, name); };
    const std::string_view value = field->value;
    switch (field->name.empty() ? '\0' : to_lower(field->name[0])) {
      case 'd':
        if (is("Date")) set_once(envelope.date, value);
        break;
      case 's':
        if (is("Subject")) set_once(envelope.subject, value);
        if (is("Sender")) set_once(envelope.sender, value);
        break;
      case 'f':
        if (is("From")) set_once(envelope.from, value);
        break;
      case 'r':
        if (is("Reply-To")) set_once(envelope.reply_to, value);
        break;
      case 't':
        if (is("To")) add(envelope.to, value);
        break;
      case 'c':
        if (is("Cc")) add(envelope.cc, value);
        break;
      case 'b':
        if (is("Bcc")) add(envelope.bcc, value);
        break;
      case 'i':
        if (is("In-Reply-To")) set_once(envelope.in_reply_to, value);
        break;
      case 'm':
        if (is("Message-ID")) set_once(envelope.message_id, value);
        break;
      default: break;
    }
  }
  return envelope;
}

}  // namespace waxwing::mail
