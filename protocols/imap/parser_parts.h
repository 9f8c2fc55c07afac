#pragma once

#include <string>
#include <vector>

#include "protocols/imap/command.h"
#include "protocols/imap/lexer.h"

namespace waxwing::imap {

// The argument lists of the larger commands, for parser.cc: each starts at the space behind the
// command's name and leaves the lexer behind the last argument.

// More entries than that in one list are refused: no client has use for them.
constexpr std::size_t kMaxListEntries = 1000;

// "(" already seen to be next: [SP-separated entries] ")".
template <class Entry>
void parse_list(Lexer& lexer, Entry entry) {
  lexer.expect('(');
  if (lexer.take(')')) return;
  std::size_t count = 0;
  do {
    if (++count > kMaxListEntries) lexer.fail("List with too many entries");
    entry();
  } while (lexer.ok() && lexer.take(' '));
  lexer.expect(')');
}

Modifiers parse_modifiers(Lexer& lexer);  // "(" name [value] ... ")"
FlagList parse_flag_list(Lexer& lexer);   // "(" flags ")"
FlagList parse_flags(Lexer& lexer);       // with or without parentheses
std::vector<StatusItem> parse_status_items(Lexer& lexer);

// "[" [section-spec] "]"; BINARY takes only numbers.
enum class Texts { Allowed, NumbersOnly };
Section parse_section(Lexer& lexer, Texts texts);

// Takes tag, space and name: "UID FETCH"; the name is empty when there is none.
std::string parse_name(Lexer& lexer);

Command::Body parse_append(Lexer& lexer);
Command::Body parse_replace(Lexer& lexer);
Command::Body parse_list_command(Lexer& lexer);  // LIST; LSUB and XLIST without options
Command::Body parse_lsub(Lexer& lexer);
Command::Body parse_xlist(Lexer& lexer);
Command::Body parse_fetch(Lexer& lexer);
// "(" already seen to be next: fetch-att *(SP fetch-att) ")", without macros.
std::vector<FetchItem> parse_fetch_items(Lexer& lexer);
// filter-mailboxes: "personal", "subtree (a b)".
MailboxFilter parse_mailbox_filter(Lexer& lexer);
Command::Body parse_notify(Lexer& lexer);
// ANNOTATION: what FETCH asks for, from the space behind that word; what STORE and APPEND have, in
// parentheses, and the pieces of that; the arguments of SEARCH; those of SORT, from the space.
AnnotationItem parse_annotation_item(Lexer& lexer);
std::vector<AnnotationChange> parse_annotations(Lexer& lexer);
std::string parse_annotation_entry(Lexer& lexer);
Whose parse_annotation_attribute(Lexer& lexer);
std::optional<std::string> parse_annotation_value(Lexer& lexer, std::string_view entry);
void parse_annotation_key(Lexer& lexer, SearchKey& key);
void parse_annotation_sort(Lexer& lexer, SortKey& key);
Command::Body parse_reset_key(Lexer& lexer);
Command::Body parse_gen_url_auth(Lexer& lexer);
Command::Body parse_url_fetch(Lexer& lexer);
Command::Body parse_get_metadata(Lexer& lexer);
Command::Body parse_set_metadata(Lexer& lexer);
std::vector<std::string> parse_entries(Lexer& lexer);  // "(" entries ")".  RFC 5464
// Search keys, one or more, up to the end of the command: Kind::And.
SearchKey parse_search_keys(Lexer& lexer);
// Deeper than that they are not nested: clients write "OR a OR b OR c ..." over hundreds of
// Message-IDs, and each OR is one level.
inline constexpr int kMaxSearchDepth = 400;
inline constexpr std::size_t kMaxSearchKeys = 10000;
// [RETURN (...)] [CHARSET ...] keys, from behind the space.
Search parse_search_rest(Lexer& lexer);
Command::Body parse_search(Lexer& lexer);
Command::Body parse_multi_search(Lexer& lexer);
Command::Body parse_sort(Lexer& lexer);
Command::Body parse_thread(Lexer& lexer);

}  // namespace waxwing::imap
