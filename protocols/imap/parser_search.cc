#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "protocols/imap/parser_parts.h"
#include "storage/types.h"

namespace waxwing::imap {
namespace {

using Key = SearchKey::Kind;

enum class Argument {
  None,
  Text,
  HeaderText,
  Number,
  Interval,
  Date,
  Uid,
  Uids,
  ModSeq,
  Filter,
  Annotation
};

struct KeyName {
  std::string_view name;
  Key kind;
  Argument argument = Argument::None;
  std::uint64_t mask = 0;
};

constexpr KeyName kKeyNames[] = {
    {"ALL", Key::All},
    {"ANNOTATION", Key::Annotation, Argument::Annotation},
    {"ANSWERED", Key::Flag, Argument::None, Flags::kAnswered},
    {"BCC", Key::Bcc, Argument::Text},
    {"BEFORE", Key::Before, Argument::Date},
    {"BODY", Key::Body, Argument::Text},
    {"CC", Key::Cc, Argument::Text},
    {"DELETED", Key::Flag, Argument::None, Flags::kDeleted},
    {"DRAFT", Key::Flag, Argument::None, Flags::kDraft},
    {"EMAILID", Key::EmailId, Argument::Text},
    {"FILTER", Key::Filter, Argument::Filter},
    {"FLAGGED", Key::Flag, Argument::None, Flags::kFlagged},
    {"FROM", Key::From, Argument::Text},
    {"HEADER", Key::Header, Argument::HeaderText},
    {"KEYWORD", Key::Keyword, Argument::Text},
    {"LARGER", Key::Larger, Argument::Number},
    {"MODSEQ", Key::ModSeq, Argument::ModSeq},
    {"NEW", Key::New},
    {"OLD", Key::Old},
    {"OLDER", Key::Older, Argument::Interval},
    {"ON", Key::On, Argument::Date},
    {"RECENT", Key::Recent},
    {"SAVEDATESUPPORTED", Key::All},
    {"SAVEDBEFORE", Key::SavedBefore, Argument::Date},
    {"SAVEDON", Key::SavedOn, Argument::Date},
    {"SAVEDSINCE", Key::SavedSince, Argument::Date},
    {"SEEN", Key::Flag, Argument::None, Flags::kSeen},
    {"SENTBEFORE", Key::SentBefore, Argument::Date},
    {"SENTON", Key::SentOn, Argument::Date},
    {"SENTSINCE", Key::SentSince, Argument::Date},
    {"SINCE", Key::Since, Argument::Date},
    {"SMALLER", Key::Smaller, Argument::Number},
    {"SUBJECT", Key::Subject, Argument::Text},
    {"TEXT", Key::Text, Argument::Text},
    {"THREADID", Key::ThreadId, Argument::Text},
    {"TO", Key::To, Argument::Text},
    {"UID", Key::Uids, Argument::Uids},
    {"UIDAFTER", Key::UidAfter, Argument::Uid},
    {"UIDBEFORE", Key::UidBefore, Argument::Uid},
    {"UNANSWERED", Key::NoFlag, Argument::None, Flags::kAnswered},
    {"UNDELETED", Key::NoFlag, Argument::None, Flags::kDeleted},
    {"UNDRAFT", Key::NoFlag, Argument::None, Flags::kDraft},
    {"UNFLAGGED", Key::NoFlag, Argument::None, Flags::kFlagged},
    {"UNKEYWORD", Key::NoKeyword, Argument::Text},
    {"UNSEEN", Key::NoFlag, Argument::None, Flags::kSeen},
    {"YOUNGER", Key::Younger, Argument::Interval},
};

// Reads search keys within bounds of depth and number.
class KeyParser {
 public:
  explicit KeyParser(Lexer& lexer) : lexer_(lexer) {}

  SearchKey key(int depth) {
    SearchKey key;
    if (depth > kMaxSearchDepth) lexer_.fail("Search keys are nested too deep");
    if (++count_ > kMaxSearchKeys) lexer_.fail("Too many search keys");
    if (!lexer_.ok()) return key;
    if (lexer_.at('(')) {
      key.kind = Key::And;
      parse_list(lexer_, [&] { key.keys.push_back(this->key(depth + 1)); });
      if (key.keys.empty()) lexer_.fail("Expected a search key in the parentheses");
      return key;
    }
    if (lexer_.at_digit() || lexer_.at('*') || lexer_.at('$')) {
      key.kind = Key::Numbers;
      key.set = lexer_.sequence_set();
      return key;
    }
    std::string name = lexer_.word("a search key");
    if (name == "FUZZY") return combine(Key::Fuzzy, 1, depth);
    if (name == "NOT") return combine(Key::Not, 1, depth);
    if (name == "OR") return combine(Key::Or, 2, depth);
    auto known = std::find_if(std::begin(kKeyNames), std::end(kKeyNames),
                              [&](const KeyName& k) { return k.name == name; });
    if (known == std::end(kKeyNames)) {
      lexer_.fail("There is no search key " + printable(name, 40));
      return key;
    }
    key.kind = known->kind;
    key.mask = known->mask;
    argument(key, known->argument);
    return key;
  }

 private:
  SearchKey combine(Key kind, int operands, int depth) {
    SearchKey combined;
    combined.kind = kind;
    for (int i = 0; i < operands; ++i) {
      lexer_.space();
      combined.keys.push_back(key(depth + 1));
    }
    return combined;
  }

  void argument(SearchKey& key, Argument argument) {
    if (argument == Argument::None) return;
    lexer_.space();
    switch (argument) {
      case Argument::None: return;
      case Argument::HeaderText:
        key.field = lexer_.astring("a header field name");
        lexer_.space();
        key.text = lexer_.astring("a text to search for");
        return;
      case Argument::Text: key.text = lexer_.astring("a text to search for"); return;
      case Argument::Number: key.number = lexer_.number(INT64_MAX); return;
      case Argument::Interval: key.number = lexer_.nz_number(); return;
      case Argument::Date: key.days = lexer_.date(); return;
      case Argument::Uid: key.number = lexer_.nz_number(); return;
      case Argument::Uids: key.set = lexer_.sequence_set(); return;
      case Argument::Annotation: parse_annotation_key(lexer_, key); return;
      case Argument::Filter:
        key.text = lexer_.atom("the name of a filter");
        if (key.text.find('/') != std::string::npos) lexer_.fail("A filter's name has no \"/\"");
        return;
      case Argument::ModSeq:
        // There is one mod-sequence for all that can change of a message, so the name of a part of
        // it means nothing.  RFC 7162 section 3.1.5
        if (lexer_.at('"')) {
          lexer_.string("a flag");
          lexer_.space();
          const std::string type = lexer_.word("PRIV, SHARED or ALL");
          if (type != "PRIV" && type != "SHARED" && type != "ALL") {
            lexer_.fail("Expected PRIV, SHARED or ALL behind the name");
          }
          lexer_.space();
        }
        key.number = lexer_.number(INT64_MAX);
        return;
    }
  }

  Lexer& lexer_;
  std::size_t count_ = 0;
};

std::optional<PartialRange> parse_partial_range(Lexer& lexer) {
  const auto range =
      PartialRange::parse(lexer.run([](char c) { return is_digit(c) || c == ':' || c == '-'; }));
  if (!range) lexer.fail("PARTIAL wants a range like 1:100 or -1:-100");
  return range;
}

// RFC 9051 section 6.4.4: RETURN () asks for ALL.
SearchReturn parse_return(Lexer& lexer) {
  SearchReturn returns;
  bool is_empty = true, is_behind_update = false;
  parse_list(lexer, [&] {
    is_empty = false;
    const bool may_have_items = std::exchange(is_behind_update, false);
    if (lexer.at('(')) {
      if (may_have_items) {
        returns.items = parse_fetch_items(lexer);
      } else {
        lexer.fail("FETCH items stand behind UPDATE");
      }
    } else if (lexer.take_word("MIN")) {
      returns.min = true;
    } else if (lexer.take_word("MAX")) {
      returns.max = true;
    } else if (lexer.take_word("ALL")) {
      returns.all = true;
    } else if (lexer.take_word("COUNT")) {
      returns.count = true;
    } else if (lexer.take_word("SAVE")) {
      returns.save = true;
    } else if (lexer.take_word("PARTIAL")) {
      lexer.space();
      if (returns.partial) lexer.fail("PARTIAL can be returned only once");
      returns.partial = parse_partial_range(lexer);
    } else if (lexer.take_word("RELEVANCY")) {
      returns.relevancy = true;
    } else if (lexer.take_word("CONTEXT")) {
      returns.context = true;
    } else if (lexer.take_word("UPDATE")) {
      returns.update = true;
      // The grammar has no space there, and the example of the same page has one.  RFC 5465
      if (lexer.at('(')) {
        returns.items = parse_fetch_items(lexer);
      } else {
        is_behind_update = true;
      }
    } else {
      lexer.fail(
          "What can be returned is MIN, MAX, ALL, COUNT, PARTIAL, RELEVANCY, SAVE, CONTEXT and "
          "UPDATE");
    }
  });
  // RFC 9394 section 3.1
  if (returns.all && returns.partial) lexer.fail("Only one of ALL and PARTIAL can be returned");
  if (is_empty) returns.all = true;
  return returns;
}

// RFC 6203 sections 4 and 6. What a filter asks for is seen later.
void expect_fuzzy(Lexer& lexer, const SearchKey& program) {
  if (!program.has(Key::Fuzzy) && !program.has(Key::Filter))
    lexer.fail("RELEVANCY is for searches with a FUZZY key");
}

struct SortName {
  std::string_view name;
  SortKey::Kind kind;
};
constexpr SortName kSortKeys[] = {
    {"ANNOTATION", SortKey::Kind::Annotation},
    {"ARRIVAL", SortKey::Kind::Arrival},
    {"CC", SortKey::Kind::Cc},
    {"DATE", SortKey::Kind::Date},
    {"DISPLAYFROM", SortKey::Kind::DisplayFrom},
    {"DISPLAYTO", SortKey::Kind::DisplayTo},
    {"FROM", SortKey::Kind::From},
    {"RELEVANCY", SortKey::Kind::Relevancy},
    {"SIZE", SortKey::Kind::Size},
    {"SUBJECT", SortKey::Kind::Subject},
    {"TO", SortKey::Kind::To},
};

// [RETURN (...) SP].  RFC 4466 section 2.6.1
std::optional<SearchReturn> take_return(Lexer& lexer) {
  if (!lexer.take_word("RETURN")) return std::nullopt;
  lexer.space();
  auto returns = parse_return(lexer);
  lexer.space();
  return returns;
}

SortKey parse_sort_key(Lexer& lexer) {
  SortKey key;
  if (lexer.take_word("REVERSE")) {
    key.order = SortKey::Order::Descending;
    lexer.space();
  }
  const std::string name = lexer.word("a sort key");
  const auto known = std::ranges::find(kSortKeys, name, &SortName::name);
  if (known == std::end(kSortKeys)) {
    lexer.fail("There is no sort key " + printable(name, 40));
  } else {
    key.kind = known->kind;
  }
  if (key.kind == SortKey::Kind::Annotation) parse_annotation_sort(lexer, key);
  return key;
}

}  // namespace

SearchKey parse_search_keys(Lexer& lexer) {
  SearchKey program;
  program.kind = Key::And;
  KeyParser keys(lexer);
  do {
    program.keys.push_back(keys.key(0));
  } while (lexer.ok() && !lexer.at_end() && lexer.take(' '));
  return program;
}

Command::Body parse_search(Lexer& lexer) {
  lexer.space();
  return parse_search_rest(lexer);
}

Search parse_search_rest(Lexer& lexer) {
  Search search;
  search.returns = take_return(lexer);
  if (lexer.take_word("CHARSET")) {
    lexer.space();
    search.charset = to_upper(lexer.astring("a charset"));
    lexer.space();
  }
  search.program = parse_search_keys(lexer);
  if (search.returns && search.returns->relevancy) expect_fuzzy(lexer, search.program);
  return search;
}

Command::Body parse_sort(Lexer& lexer) {
  Sort sort;
  lexer.space();
  sort.returns = take_return(lexer);
  parse_list(lexer, [&] { sort.keys.push_back(parse_sort_key(lexer)); });
  if (sort.keys.empty()) lexer.fail("Expected a sort key in the parentheses");
  lexer.space();
  sort.charset = to_upper(lexer.astring("a charset"));
  lexer.space();
  sort.program = parse_search_keys(lexer);
  const bool is_by_relevancy = std::ranges::any_of(
      sort.keys, [](const SortKey& key) { return key.kind == SortKey::Kind::Relevancy; });
  if (is_by_relevancy || (sort.returns && sort.returns->relevancy)) {
    expect_fuzzy(lexer, sort.program);
  }
  return sort;
}

Command::Body parse_thread(Lexer& lexer) {
  Thread thread;
  lexer.space();
  const std::string algorithm = lexer.word("a threading algorithm");
  if (algorithm == "REFERENCES") {
    thread.algorithm = Thread::Algorithm::References;
  } else if (algorithm == "REFS") {
    thread.algorithm = Thread::Algorithm::Refs;
  } else if (algorithm != "ORDEREDSUBJECT") {
    lexer.fail("Messages are threaded by ORDEREDSUBJECT, REFERENCES or REFS");
  }
  lexer.space();
  thread.charset = to_upper(lexer.astring("a charset"));
  lexer.space();
  thread.program = parse_search_keys(lexer);
  return thread;
}

}  // namespace waxwing::imap
