#include "base/text.h"
#include "protocols/imap/parser_parts.h"

namespace waxwing::imap {

// RFC 4467 section 9

Command::Body parse_reset_key(Lexer& lexer) {
  ResetKey reset;
  if (lexer.at_end()) return reset;
  lexer.space();
  reset.mailbox = lexer.astring("a mailbox name");
  while (lexer.ok() && !lexer.at_end()) {
    lexer.space();
    reset.mechanisms.push_back(lexer.word("a mechanism"));
    if (reset.mechanisms.size() > kMaxListEntries) lexer.fail("Too many mechanisms");
  }
  return reset;
}

Command::Body parse_gen_url_auth(Lexer& lexer) {
  GenUrlAuth generate;
  do {
    lexer.space();
    GenUrlAuth::Wanted wanted;
    wanted.url = lexer.astring("a URL");
    lexer.space();
    wanted.mechanism = lexer.word("a mechanism");
    generate.wanted.push_back(std::move(wanted));
    if (generate.wanted.size() > kMaxListEntries) lexer.fail("Too many URLs");
  } while (lexer.ok() && !lexer.at_end());
  return generate;
}

Command::Body parse_url_fetch(Lexer& lexer) {
  UrlFetch fetch;
  do {
    lexer.space();
    fetch.urls.push_back(lexer.astring("a URL"));
    if (fetch.urls.size() > kMaxListEntries) lexer.fail("Too many URLs");
  } while (lexer.ok() && !lexer.at_end());
  return fetch;
}

}  // namespace waxwing::imap
