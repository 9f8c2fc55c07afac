#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "protocols/imap/parser_parts.h"

namespace waxwing::imap {
namespace {

using Item = FetchItem::Kind;

constexpr std::size_t kMaxPartDepth = 100;
constexpr std::ptrdiff_t kMaxAnnotationItems = 8;

struct ItemName {
  std::string_view name;
  Item kind;
  bool peek = true;
};
constexpr ItemName kItems[] = {
    {"ANNOTATION", Item::Annotation},
    {"ENVELOPE", Item::Envelope},
    {"FLAGS", Item::Flags},
    {"INTERNALDATE", Item::InternalDate},
    {"RFC822.SIZE", Item::Size},
    {"BODY", Item::Body},
    {"BODYSTRUCTURE", Item::BodyStructure},
    {"EMAILID", Item::EmailId},
    {"MODSEQ", Item::ModSeq},
    {"PREVIEW", Item::Preview},
    {"SAVEDATE", Item::SaveDate},
    {"THREADID", Item::ThreadId},
    {"UID", Item::Uid},
    {"RFC822", Item::Rfc822, false},
    {"RFC822.HEADER", Item::Rfc822Header},
    {"RFC822.TEXT", Item::Rfc822Text, false},
};
// Those with a section in brackets.
constexpr ItemName kSectionItems[] = {
    {"BODY", Item::Section, false},    {"BODY.PEEK", Item::Section},
    {"BINARY", Item::Binary, false},   {"BINARY.PEEK", Item::Binary},
    {"BINARY.SIZE", Item::BinarySize},
};

bool is_item_char(char c) {
  return is_alnum(c) || c == '.';
}

void parse_section_text(Lexer& lexer, Section& section) {
  std::string text = to_upper(lexer.run(is_item_char));
  if (text == "TEXT") {
    section.kind = Section::Kind::Text;
  } else if (text == "HEADER") {
    section.kind = Section::Kind::Header;
  } else if (text == "MIME" && !section.part.empty()) {
    section.kind = Section::Kind::Mime;
  } else if (text == "HEADER.FIELDS" || text == "HEADER.FIELDS.NOT") {
    section.kind =
        text.ends_with("NOT") ? Section::Kind::HeaderFieldsNot : Section::Kind::HeaderFields;
    lexer.space();
    parse_list(lexer, [&] { section.fields.push_back(lexer.astring("a header field name")); });
    if (section.fields.empty()) lexer.fail("Expected header field names in the parentheses");
  } else {
    lexer.fail(
        "A section is a part number, HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT, or "
        "MIME behind a part number");
  }
}

std::optional<Partial> parse_partial(Lexer& lexer) {
  if (!lexer.take('<')) return {};
  Partial partial;
  partial.offset = lexer.number(INT64_MAX);
  lexer.expect('.');
  partial.size = lexer.nz_number(INT64_MAX);
  lexer.expect('>');
  return partial;
}

// "PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"]. Behind PREVIEW alone the parentheses may be
// those of FETCH itself.  RFC 8970 section 6
bool parse_lazy(Lexer& lexer) {
  if (!lexer.at_text(" (LAZY")) return false;
  lexer.space();
  parse_list(lexer, [&] {
    if (!lexer.take_word("LAZY")) lexer.fail("PREVIEW knows LAZY and nothing else");
  });
  return true;
}

FetchItem parse_item(Lexer& lexer, std::string_view name) {
  bool has_section = lexer.at('[');
  auto find = [&](auto first, auto last) {
    return std::find_if(first, last, [&](const ItemName& known) { return known.name == name; });
  };
  const ItemName* known = has_section ? find(std::begin(kSectionItems), std::end(kSectionItems))
                                      : find(std::begin(kItems), std::end(kItems));
  if (known == (has_section ? std::end(kSectionItems) : std::end(kItems))) {
    lexer.fail("There is no FETCH item " + printable(name, 40) + (has_section ? "[" : ""));
    return {};
  }
  FetchItem item;
  item.kind = known->kind;
  item.peek = known->peek;
  if (item.kind == Item::Preview) item.is_lazy = parse_lazy(lexer);
  if (item.kind == Item::Annotation) item.annotation = parse_annotation_item(lexer);
  if (!has_section) return item;
  item.section =
      parse_section(lexer, item.kind == Item::Section ? Texts::Allowed : Texts::NumbersOnly);
  if (item.kind != Item::BinarySize) item.partial = parse_partial(lexer);
  return item;
}

void add(std::vector<FetchItem>& items, FetchItem item) {
  if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(std::move(item));
}

// ALL, FAST and FULL stand alone.  RFC 9051 section 6.4.5
std::vector<FetchItem> parse_macro(std::string_view name) {
  std::vector<Item> kinds;
  if (name == "ALL" || name == "FAST" || name == "FULL") {
    kinds = {Item::Flags, Item::InternalDate, Item::Size};
    if (name != "FAST") kinds.push_back(Item::Envelope);
    if (name == "FULL") kinds.push_back(Item::Body);
  }
  std::vector<FetchItem> items;
  for (Item kind : kinds) {
    FetchItem item;
    item.kind = kind;
    item.peek = true;
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

std::vector<FetchItem> parse_fetch_items(Lexer& lexer) {
  std::vector<FetchItem> items;
  parse_list(lexer, [&] {
    std::string name = to_upper(lexer.run(is_item_char));
    add(items, parse_item(lexer, name));
  });
  if (items.empty()) lexer.fail("Expected a FETCH item in the parentheses");
  if (std::ranges::count(items, Item::Annotation, &FetchItem::kind) > kMaxAnnotationItems) {
    lexer.fail("Too many annotations are asked for");
  }
  return items;
}

Section parse_section(Lexer& lexer, Texts texts) {
  Section section;
  lexer.expect('[');
  bool wants_more = false;
  while (lexer.at_digit()) {
    section.part.push_back(static_cast<std::uint32_t>(lexer.nz_number()));
    if (section.part.size() > kMaxPartDepth) lexer.fail("There is no part nested that deep");
    wants_more = lexer.take('.');
    if (!wants_more) break;
  }
  bool has_text = wants_more || (section.part.empty() && !lexer.at(']'));
  if (has_text && texts == Texts::NumbersOnly) lexer.fail("BINARY takes only part numbers");
  if (has_text && lexer.ok()) parse_section_text(lexer, section);
  lexer.expect(']');
  return section;
}

Command::Body parse_fetch(Lexer& lexer) {
  Fetch fetch;
  lexer.space();
  fetch.set = lexer.sequence_set();
  lexer.space();
  if (lexer.at('(')) {
    fetch.items = parse_fetch_items(lexer);
  } else {
    std::string name = to_upper(lexer.run(is_item_char));
    fetch.items = parse_macro(name);
    if (fetch.items.empty()) fetch.items.push_back(parse_item(lexer, name));
  }
  if (lexer.at_end() || !lexer.ok()) return fetch;
  lexer.space();
  fetch.modifiers = parse_modifiers(lexer);
  return fetch;
}

}  // namespace waxwing::imap
