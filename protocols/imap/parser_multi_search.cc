#include <algorithm>
#include <iterator>

#include "protocols/imap/parser_parts.h"

namespace waxwing::imap {
namespace {

using Filter = MailboxFilter::Kind;

struct FilterName {
  std::string_view name;
  Filter kind;
  bool has_mailboxes = false;
};
constexpr FilterName kFilters[] = {
    {"INBOXES", Filter::Inboxes},
    {"MAILBOXES", Filter::Mailboxes, true},
    {"PERSONAL", Filter::Personal},
    {"SELECTED", Filter::Selected},
    {"SELECTED-DELAYED", Filter::SelectedDelayed},
    {"SUBSCRIBED", Filter::Subscribed},
    {"SUBTREE", Filter::Subtree, true},
    {"SUBTREE-ONE", Filter::SubtreeOne, true},
};

// "IN (" filter-mailboxes ... ["(" scope-options ")"] ")". There are no scope options.
void parse_sources(Lexer& lexer, MultiSearch& search) {
  std::size_t names = 0;
  parse_list(lexer, [&] {
    if (lexer.at('(')) {
      lexer.fail("There are no options for where to search");
      return;
    }
    search.sources.push_back(parse_mailbox_filter(lexer));
    names += search.sources.back().mailboxes.size();
    if (search.sources.back().kind == Filter::SelectedDelayed) {
      lexer.fail("SELECTED-DELAYED is for NOTIFY");
    }
  });
  if (search.sources.empty()) lexer.fail("Expected mailboxes in the parentheses");
  if (names > kMaxListEntries) lexer.fail("Too many mailboxes are named");
}

}  // namespace

MailboxFilter parse_mailbox_filter(Lexer& lexer) {
  MailboxFilter filter;
  const std::string name = lexer.word("which mailboxes");
  const auto* known = std::ranges::find(kFilters, name, &FilterName::name);
  if (known == std::end(kFilters)) {
    lexer.fail(
        "Mailboxes are given as SELECTED, SELECTED-DELAYED, INBOXES, PERSONAL, SUBSCRIBED, "
        "SUBTREE or MAILBOXES");
    return filter;
  }
  filter.kind = known->kind;
  if (!known->has_mailboxes) return filter;
  lexer.space();
  if (lexer.at('(')) {
    parse_list(lexer, [&] { filter.mailboxes.push_back(lexer.astring("a mailbox name")); });
  } else {
    filter.mailboxes.push_back(lexer.astring("a mailbox name"));
  }
  return filter;
}

// ["IN" ...] [RETURN ...] [CHARSET ...] keys.  RFC 7377 section 4
Command::Body parse_multi_search(Lexer& lexer) {
  MultiSearch search;
  lexer.space();
  if (lexer.take_word("IN")) {
    lexer.space();
    parse_sources(lexer, search);
    lexer.space();
  }
  Search rest = parse_search_rest(lexer);
  search.returns = std::move(rest.returns);
  search.charset = std::move(rest.charset);
  search.program = std::move(rest.program);
  return search;
}

}  // namespace waxwing::imap
