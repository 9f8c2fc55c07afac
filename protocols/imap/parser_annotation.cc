// What stands behind ANNOTATION.  RFC 5257 section 5
#include <algorithm>

#include "base/text.h"
#include "protocols/imap/parser_parts.h"

namespace waxwing::imap {
namespace {

using Attribute = AnnotationItem::Attribute;

// A pattern is tried on every entry of every message.
constexpr std::size_t kMaxEntryPatterns = 16;
constexpr std::size_t kMaxEntries = 200;

void fail_entry(Lexer& lexer) {
  lexer.fail(
      "An entry is /comment, /altsubject, /vendor/..., or of a part /1.2/comment, "
      "/1.2/flags/seen, answered, flagged or forwarded, /1.2/vendor/...");
}

std::string parse_pattern(Lexer& lexer) {
  std::string pattern = lexer.list_mailbox();
  if (lexer.ok() && !is_annotation_pattern(pattern)) fail_entry(lexer);
  return pattern;
}

// Names of attributes are told apart by case, unlike words of the grammar.  RFC 5257 section 3.2
void parse_attribute(Lexer& lexer, AnnotationItem& item) {
  const std::string name = lexer.astring("an attribute");
  const auto add = [&](Attribute attribute) {
    if (std::ranges::count(item.attributes, attribute) == 0) item.attributes.push_back(attribute);
  };
  const bool is_value = name == "value" || name == "value.priv" || name == "value.shared";
  const bool is_size = name == "size" || name == "size.priv" || name == "size.shared";
  if (!is_value && !is_size)
    lexer.fail("An attribute is value or size, maybe with .priv or .shared");
  if (!name.ends_with(".shared")) add(is_value ? Attribute::PrivateValue : Attribute::PrivateSize);
  if (!name.ends_with(".priv")) add(is_value ? Attribute::SharedValue : Attribute::SharedSize);
}

}  // namespace

AnnotationItem parse_annotation_item(Lexer& lexer) {
  AnnotationItem item;
  std::size_t patterns = 0;
  const auto add = [&] {
    std::string pattern = parse_pattern(lexer);
    if (has_wildcards(pattern) && ++patterns > kMaxEntryPatterns) lexer.fail("Too many patterns");
    if (item.entries.size() == kMaxEntries) lexer.fail("Too many entries");
    if (std::ranges::count(item.entries, pattern) == 0) item.entries.push_back(std::move(pattern));
  };
  lexer.space();
  lexer.expect('(');
  if (lexer.at('(')) {
    parse_list(lexer, add);
    if (item.entries.empty()) lexer.fail("Expected an entry in the parentheses");
  } else {
    add();
  }
  lexer.space();
  if (lexer.at('(')) {
    parse_list(lexer, [&] { parse_attribute(lexer, item); });
    if (item.attributes.empty()) lexer.fail("Expected an attribute in the parentheses");
  } else {
    parse_attribute(lexer, item);
  }
  lexer.expect(')');
  return item;
}

std::string parse_annotation_entry(Lexer& lexer) {
  std::string entry = lexer.astring("an entry");
  if (lexer.ok() && !is_annotation_entry(entry)) fail_entry(lexer);
  return entry;
}

Whose parse_annotation_attribute(Lexer& lexer) {
  const std::string name = lexer.astring("an attribute");
  if (name != "value.priv" && name != "value.shared") {
    lexer.fail("What can be stored is value.priv and value.shared");
  }
  return name == "value.shared" ? Whose::Shared : Whose::Private;
}

std::optional<std::string> parse_annotation_value(Lexer& lexer, std::string_view entry) {
  std::optional<std::string> value;
  if (lexer.at_literal()) {
    const RawCommand::Literal* literal = lexer.literal("a value");
    value = literal ? literal->bytes : std::string();
  } else {
    value = lexer.nstring("a value");
  }
  const bool is_wrong =
      lexer.ok() && is_annotation_flag(entry) && value && *value != "1" && *value != "0";
  if (is_wrong) lexer.fail("The flag of a part is \"1\", \"0\" or NIL");
  return value;
}

std::vector<AnnotationChange> parse_annotations(Lexer& lexer) {
  std::vector<AnnotationChange> changes;
  parse_list(lexer, [&] {
    const std::string entry = parse_annotation_entry(lexer);
    lexer.space();
    const std::size_t before = changes.size();
    parse_list(lexer, [&] {
      const Whose whose = parse_annotation_attribute(lexer);
      lexer.space();
      changes.push_back({entry, whose, parse_annotation_value(lexer, entry)});
      if (changes.size() > kMaxListEntries) lexer.fail("Too many values");
    });
    if (changes.size() == before) lexer.fail("Expected an attribute and its value");
  });
  if (changes.empty()) lexer.fail("Expected an entry and its attributes in the parentheses");
  return changes;
}

// The words of this grammar may be in any case.  RFC 5257 section 5, att-search
void parse_annotation_key(Lexer& lexer, SearchKey& key) {
  key.field = parse_pattern(lexer);
  lexer.space();
  const std::string attribute = to_lower(lexer.astring("an attribute"));
  if (attribute == "value") {
    key.mask = SearchKey::kPrivateValue | SearchKey::kSharedValue;
  } else if (attribute == "value.priv") {
    key.mask = SearchKey::kPrivateValue;
  } else if (attribute == "value.shared") {
    key.mask = SearchKey::kSharedValue;
  } else {
    lexer.fail("What can be searched is value, value.priv and value.shared");
  }
  lexer.space();
  const auto value = parse_annotation_value(lexer, "/comment");
  key.number = value ? 1 : 0;
  key.text = value.value_or(std::string());
}

void parse_annotation_sort(Lexer& lexer, SortKey& key) {
  lexer.space();
  key.entry = parse_annotation_entry(lexer);
  lexer.space();
  const std::string attribute = to_lower(lexer.astring("an attribute"));
  if (attribute != "value.priv" && attribute != "value.shared") {
    lexer.fail("Messages are sorted by value.priv or value.shared");
  }
  key.whose = attribute == "value.shared" ? Whose::Shared : Whose::Private;
}

}  // namespace waxwing::imap
