#include <algorithm>

#include "base/text.h"
#include "protocols/imap/parser_parts.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kMaxEntry = 1000;

// RFC 5464 section 3.2: slash-separated, ignoring case, in US-ASCII.
// The roots themselves have no value, but there is what lies below.
enum class Roots { Allowed, Refused };
std::string parse_entry(Lexer& lexer, Roots roots) {
  std::string entry = to_lower(lexer.astring("an entry name"));
  const bool is_clean = std::ranges::all_of(
      entry, [](char c) { return c > ' ' && c < 0x7f && c != '*' && c != '%'; });
  const bool is_root = entry == "/private" || entry == "/shared";
  const bool is_rooted = entry.starts_with("/private/") || entry.starts_with("/shared/") ||
                         (is_root && roots == Roots::Allowed);
  if (!is_clean || !is_rooted || entry.ends_with('/') || entry.find("//") != std::string::npos) {
    lexer.fail("An entry is named /private/... or /shared/..., without \"*\" and \"%\"");
  } else if (entry.size() > kMaxEntry) {
    lexer.fail("The name of the entry is too long");
  }
  return entry;
}

// Each once.
void add_entry(Lexer& lexer, std::vector<std::string>& entries) {
  std::string entry = parse_entry(lexer, Roots::Allowed);
  if (std::ranges::count(entries, entry) == 0) entries.push_back(std::move(entry));
}

std::optional<std::string> parse_entry_value(Lexer& lexer) {
  if (!lexer.at_literal()) return lexer.nstring("a value");
  const RawCommand::Literal* literal = lexer.literal("a value");
  return literal ? literal->bytes : std::string();
}

void parse_option(Lexer& lexer, GetMetadata& get) {
  if (lexer.take_word("MAXSIZE")) {
    lexer.space();
    get.max_size = lexer.number();
  } else if (lexer.take_word("DEPTH")) {
    lexer.space();
    if (lexer.take_word("0")) {
      get.depth = GetMetadata::Depth::Zero;
    } else if (lexer.take_word("1")) {
      get.depth = GetMetadata::Depth::One;
    } else if (lexer.take_word("INFINITY")) {
      get.depth = GetMetadata::Depth::Infinity;
    } else {
      lexer.fail("DEPTH is 0, 1 or infinity");
    }
  } else {
    lexer.fail("The options of GETMETADATA are MAXSIZE and DEPTH");
  }
}

}  // namespace

std::vector<std::string> parse_entries(Lexer& lexer) {
  std::vector<std::string> entries;
  parse_list(lexer, [&] { add_entry(lexer, entries); });
  if (entries.empty()) lexer.fail("Expected an entry name in the parentheses");
  return entries;
}

// The grammar has the options before the mailbox, the examples behind it: clients do both.
Command::Body parse_get_metadata(Lexer& lexer) {
  GetMetadata get;
  lexer.space();
  if (lexer.at('(')) {
    parse_list(lexer, [&] { parse_option(lexer, get); });
    lexer.space();
  }
  get.mailbox = lexer.astring("a mailbox name");
  lexer.space();
  if (lexer.at('(') && !lexer.is_followed_by("(/") && !lexer.is_followed_by("(\"")) {
    parse_list(lexer, [&] { parse_option(lexer, get); });
    lexer.space();
  }
  if (lexer.at('(')) {
    get.entries = parse_entries(lexer);
    return get;
  }
  do {
    add_entry(lexer, get.entries);
  } while (lexer.ok() && !lexer.at_end() && lexer.take(' '));
  return get;
}

Command::Body parse_set_metadata(Lexer& lexer) {
  SetMetadata set;
  lexer.space();
  set.mailbox = lexer.astring("a mailbox name");
  lexer.space();
  parse_list(lexer, [&] {
    std::string entry = parse_entry(lexer, Roots::Refused);
    lexer.space();
    set.values.emplace_back(std::move(entry), parse_entry_value(lexer));
  });
  if (set.values.empty()) lexer.fail("Expected an entry and its value in the parentheses");
  return set;
}

}  // namespace waxwing::imap
