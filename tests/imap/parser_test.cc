#include "protocols/imap/parser.h"

#include <gtest/gtest.h>

#include <chrono>

#include "storage/types.h"
#include "tests/imap/print_command.h"

namespace waxwing::imap {
namespace {

Command parsed(std::string_view text) {
  Parsing parsing = parse_text(std::string(text) + "\r\n");
  EXPECT_TRUE(parsing.command) << text << ": " << parsing.error;
  if (!parsing.command) return {};
  // What is printed means the same.
  Parsing again = parse_text(print(*parsing.command) + "\r\n");
  EXPECT_TRUE(again.command) << print(*parsing.command) << ": " << again.error;
  EXPECT_TRUE(again.command == parsing.command) << text;
  return *parsing.command;
}

template <class Body>
Body body(std::string_view text) {
  Command command = parsed(text);
  EXPECT_TRUE(std::holds_alternative<Body>(command.body)) << text;
  Body* found = std::get_if<Body>(&command.body);
  return found ? *found : Body{};
}

std::string error(std::string_view text) {
  Parsing parsing = parse_text(std::string(text) + "\r\n");
  EXPECT_FALSE(parsing.command) << text;
  return parsing.error;
}

SearchKey key(std::string_view text) {
  auto search = body<Search>("a SEARCH " + std::string(text));
  EXPECT_EQ(search.program.keys.size(), 1u);
  return search.program.keys.empty() ? SearchKey{} : search.program.keys[0];
}

TEST(Parser, ReadsAPartToReturn) {
  const auto search = body<Search>("a UID SEARCH RETURN (PARTIAL -1:-100 COUNT) UNDELETED");
  EXPECT_EQ(search.returns->partial, PartialRange::parse("-1:-100"));
  EXPECT_FALSE(search.returns->all);
  EXPECT_EQ(body<Sort>("a SORT RETURN (PARTIAL 5:1) (DATE) UTF-8 ALL").returns->partial,
            PartialRange::parse("5:1"));
  EXPECT_EQ(error("a SEARCH RETURN (PARTIAL 1:2 ALL) ALL"),
            "a|SEARCH: Only one of ALL and PARTIAL can be returned");
  EXPECT_EQ(error("a SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL"),
            "a|SEARCH: PARTIAL can be returned only once");
  EXPECT_EQ(error("a SEARCH RETURN (PARTIAL 1:-2) ALL"),
            "a|SEARCH: PARTIAL wants a range like 1:100 or -1:-100");
  error("a SEARCH RETURN (PARTIAL) ALL");
}

TEST(Parser, WantsRelevancyOfFuzzySearchesAlone) {
  EXPECT_TRUE(body<Search>("a SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT Helo").returns->relevancy);
  EXPECT_TRUE(
      body<Search>("a SEARCH RETURN (RELEVANCY) OR SEEN (FUZZY TEXT x)").returns->relevancy);
  EXPECT_EQ(body<Sort>("a SORT (RELEVANCY) UTF-8 FUZZY SUBJECT x").keys[0].kind,
            SortKey::Kind::Relevancy);
  EXPECT_EQ(error("a SEARCH RETURN (RELEVANCY ALL) TEXT Helo"),
            "a|SEARCH: RELEVANCY is for searches with a FUZZY key");
  error("a SORT (RELEVANCY) UTF-8 SUBJECT x");
  error("a SORT RETURN (RELEVANCY) (DATE) UTF-8 SUBJECT x");
  error("a SEARCH FUZZY");
  error("a SEARCH " + std::string("FUZZY FUZZY ") + "x");
}

TEST(Parser, ReadsComparators) {
  EXPECT_TRUE(body<Comparator>("a COMPARATOR").orders.empty());
  EXPECT_EQ(body<Comparator>("a COMPARATOR \"cz;*\" i;basic").orders,
            (std::vector<std::string>{"cz;*", "i;basic"}));
  EXPECT_EQ(error("a COMPARATOR i_x"),
            "a|COMPARATOR: A comparator is a name like i;unicode-casemap, or a pattern like i;*");
  error("a COMPARATOR i;*");
  error("a COMPARATOR \"\"");
}

TEST(Parser, ReadsSort) {
  const auto sort = body<Sort>(
      "a SORT RETURN (MIN COUNT) (REVERSE date Subject DISPLAYFROM) utf-8 UNSEEN FROM x");
  ASSERT_TRUE(sort.returns);
  EXPECT_TRUE(sort.returns->min && sort.returns->count && !sort.returns->all);
  EXPECT_EQ(sort.keys, (SortKeys{{SortKey::Kind::Date, SortKey::Order::Descending},
                                 {SortKey::Kind::Subject, SortKey::Order::Ascending},
                                 {SortKey::Kind::DisplayFrom, SortKey::Order::Ascending}}));
  EXPECT_EQ(sort.charset, "UTF-8");
  EXPECT_EQ(sort.program.keys.size(), 2u);
  const auto by_uid = body<Sort>("a UID SORT (ARRIVAL CC FROM SIZE TO DISPLAYTO) \"US-ASCII\" 1:3");
  EXPECT_EQ(by_uid.numbering, Numbering::Uid);
  EXPECT_FALSE(by_uid.returns);
  EXPECT_EQ(by_uid.keys.size(), 6u);
  EXPECT_EQ(error("a SORT () UTF-8 ALL"), "a|SORT: Expected a sort key in the parentheses");
  EXPECT_EQ(error("a SORT (AGE) UTF-8 ALL"), "a|SORT: There is no sort key AGE");
  error("a SORT (REVERSE) UTF-8 ALL");
  error("a SORT (REVERSE REVERSE DATE) UTF-8 ALL");
  error("a SORT DATE UTF-8 ALL");
  error("a SORT (DATE) UTF-8");
  error("a SORT (DATE) ALL");
  error("a SORT RETURN (FIRST) (DATE) UTF-8 ALL");
}

TEST(Parser, ReadsThread) {
  const auto thread = body<Thread>("a THREAD references utf-8 UNSEEN FROM x");
  EXPECT_EQ(thread.algorithm, Thread::Algorithm::References);
  EXPECT_EQ(thread.charset, "UTF-8");
  EXPECT_EQ(thread.program.keys.size(), 2u);
  const auto by_uid = body<Thread>("a UID THREAD ORDEREDSUBJECT \"US-ASCII\" ALL");
  EXPECT_EQ(by_uid.numbering, Numbering::Uid);
  EXPECT_EQ(by_uid.algorithm, Thread::Algorithm::OrderedSubject);
  EXPECT_EQ(body<Thread>("a THREAD refs UTF-8 ALL").algorithm, Thread::Algorithm::Refs);
  EXPECT_EQ(error("a THREAD X-REFS UTF-8 ALL"),
            "a|THREAD: Messages are threaded by ORDEREDSUBJECT, REFERENCES or REFS");
  error("a THREAD REFERENCES UTF-8");
  error("a THREAD REFERENCES ALL");
  error("a THREAD");
}

TEST(Parser, ReadsCommandsWithoutArguments) {
  body<Capability>("a CAPABILITY");
  body<Noop>("a noop");
  body<Noop>("a NOOP ");
  body<Logout>("a LOGOUT");
  body<StartTls>("a STARTTLS");
  body<Namespace>("a NAMESPACE");
  body<Idle>("a IDLE");
  body<Close>("a CLOSE");
  body<Unselect>("a UNSELECT");
  body<Check>("a CHECK");
  body<Unauthenticate>("a UNAUTHENTICATE");
  EXPECT_FALSE(body<Expunge>("a EXPUNGE").uids);
  EXPECT_EQ(error("a NOOP now"), "a|NOOP: Expected the end of the command at \" now\"");
}

TEST(Parser, RecoversTheTag) {
  EXPECT_EQ(error("a"), "a|A command name must follow the tag");
  EXPECT_EQ(error("a "), "a|A command name must follow the tag");
  EXPECT_EQ(error("a1 FROB"), "a1|Unknown command FROB");
  EXPECT_EQ(error("+ NOOP"), "|A command starts with a tag");
  EXPECT_EQ(error("(a) NOOP"), "|A command starts with a tag");
  EXPECT_EQ(error(" NOOP"), "|A command starts with a tag");
  EXPECT_EQ(error("a UID NOOP"), "a|Unknown command UID NOOP");
  EXPECT_EQ(parsed("a.1]: NOOP").tag, "a.1]:");
  EXPECT_EQ(parsed("x Uid Fetch 1 FLAGS").name, "UID FETCH");
}

TEST(Parser, ReadsId) {
  EXPECT_TRUE(body<Id>("a ID NIL").fields.empty());
  EXPECT_TRUE(body<Id>("a ID ()").fields.empty());
  auto id = body<Id>("a ID (\"name\" \"so/\\\"dusty\" \"os\" NIL)");
  ASSERT_EQ(id.fields.size(), 2u);
  EXPECT_EQ(id.fields[0].second, "so/\"dusty");
  EXPECT_FALSE(id.fields[1].second);
  error("a ID");
  error("a ID (\"name\")");
}

TEST(Parser, ReadsSignIn) {
  auto login = body<Login>("a LOGIN alice@example.test \"p \\\\ w\\\"\"");
  EXPECT_EQ(login.user, "alice@example.test");
  EXPECT_EQ(login.password, "p \\ w\"");
  EXPECT_EQ(body<Login>("a LOGIN {3+}\r\nx y \"\"").user, "x y");
  EXPECT_EQ(body<Login>("a LOGIN \"j\xc3\xb6rg\" x").user, "j\xc3\xb6rg");
  // The password stays out of the answer.
  EXPECT_EQ(error("a LOGIN alice se{cret"), "a|Syntax error in the arguments of LOGIN");
  EXPECT_EQ(error("a LOGIN alice \"secret"), "a|Syntax error in the arguments of LOGIN");
  EXPECT_FALSE(body<Authenticate>("a AUTHENTICATE plain").initial);
  EXPECT_EQ(body<Authenticate>("a AUTHENTICATE plain").mechanism, "PLAIN");
  EXPECT_EQ(body<Authenticate>("a AUTHENTICATE SCRAM-SHA-256 =").initial, "");
  EXPECT_EQ(body<Authenticate>("a AUTHENTICATE PLAIN Zm9v").initial, "foo");
  error("a AUTHENTICATE PLAIN Zm9");
  error("a AUTHENTICATE");
}

TEST(Parser, ReadsMailboxCommands) {
  EXPECT_EQ(body<Delete>("a DELETE \"a b\"").mailbox, "a b");
  EXPECT_EQ(body<Subscribe>("a SUBSCRIBE [Gmail]/All").mailbox, "[Gmail]/All");
  EXPECT_EQ(body<Unsubscribe>("a UNSUBSCRIBE &AOQ-").mailbox, "&AOQ-");
  EXPECT_EQ(body<Rename>("a RENAME x y").to, "y");
  EXPECT_EQ(body<Enable>("a ENABLE imap4rev2 CONDSTORE").capabilities,
            (std::vector<std::string>{"IMAP4REV2", "CONDSTORE"}));
  EXPECT_EQ(body<Create>("a CREATE Sent (USE (\\Sent \\Drafts))").special_use,
            (std::vector<std::string>{"\\Sent", "\\Drafts"}));
  EXPECT_EQ(body<Select>("a EXAMINE INBOX").mode, Select::Mode::ReadOnly);
  error("a DELETE");
  error("a DELETE a*");
  error("a RENAME x");
  error("a ENABLE");
  error("a CREATE x (SIZE 1)");
  error("a SELECT x ()");
}

TEST(Parser, ReadsModifiersOfExtensions) {
  auto select = body<Select>(
      "a SELECT INBOX (CONDSTORE QRESYNC (67890007 20050715194045000 41,43:211 (1:* $)))");
  ASSERT_EQ(select.modifiers.size(), 2u);
  EXPECT_EQ(select.modifiers[0].name, "CONDSTORE");
  EXPECT_FALSE(select.modifiers[0].value);
  ASSERT_EQ(select.modifiers[1].value->list.size(), 4u);
  EXPECT_EQ(select.modifiers[1].value->list[1].text, "20050715194045000");
  EXPECT_EQ(body<Fetch>("a FETCH 1 FLAGS (CHANGEDSINCE 12 VANISHED)").modifiers.size(), 2u);
  EXPECT_EQ(body<Store>("a STORE 1 (UNCHANGEDSINCE 0) FLAGS ()").modifiers[0].value->text, "0");
  const auto part = body<Fetch>("a UID FETCH 1:* FLAGS (PARTIAL -1:-30 CHANGEDSINCE 98305)");
  ASSERT_EQ(part.modifiers.size(), 2u);
  EXPECT_EQ(part.modifiers[0].value->text, "-1:-30");
  error("a SELECT x (1)");
  error("a SELECT x (A " + std::string(200, '(') + std::string(200, ')') + ")");
}

TEST(Parser, ReadsList) {
  auto list = body<List>("a LIST \"\" %");
  EXPECT_FALSE(list.is_extended);
  EXPECT_EQ(list.patterns, std::vector<std::string>{"%"});
  EXPECT_EQ(body<List>("a LSUB \"\" \"*\"").kind, List::Kind::Lsub);
  EXPECT_EQ(body<List>("a XLIST \"\" *").kind, List::Kind::Xlist);
  list = body<List>(
      "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (a* \"b %\" {1+}\r\nc) "
      "RETURN (CHILDREN STATUS (MESSAGES UNSEEN MESSAGES) SPECIAL-USE)");
  EXPECT_TRUE(list.is_extended);
  EXPECT_TRUE(list.selection.subscribed && list.selection.recursive_match);
  EXPECT_FALSE(list.selection.special_use || list.selection.remote);
  EXPECT_EQ(list.patterns, (std::vector<std::string>{"a*", "b %", "c"}));
  EXPECT_TRUE(list.returns.children && list.returns.special_use);
  EXPECT_EQ(list.returns.status,
            (std::vector<StatusItem>{StatusItem::Messages, StatusItem::Unseen}));
  EXPECT_TRUE(body<List>("a LIST () \"\" x").is_extended);
  EXPECT_TRUE(body<List>("a LIST \"\" x RETURN ()").is_extended);
  error("a LIST (RECURSIVEMATCH) \"\" *");
  error("a LIST (REMOTE RECURSIVEMATCH) \"\" *");
  error("a LIST (FROB) \"\" *");
  error("a LIST \"\" * RETURN (FROB)");
  error("a LIST \"\" ()");
  error("a LIST \"\"");
  error("a LSUB \"\" (a b)");
}

TEST(Parser, ReadsStatus) {
  EXPECT_EQ(
      body<Status>("a STATUS x (UIDNEXT SIZE APPENDLIMIT DELETED RECENT UIDVALIDITY)").items.size(),
      6u);
  error("a STATUS x ()");
  error("a STATUS x (FROB)");
  error("a STATUS x MESSAGES");
}

TEST(Parser, ReadsCatenate) {
  const auto append = body<Append>(
      "a APPEND x (\\Seen) CATENATE (URL \"/x/;UID=1\" TEXT {2+}\r\nhi UTF8 (~{1+}\r\ny)) UTF8 "
      "(~{1+}\r\nz)");
  ASSERT_EQ(append.messages.size(), 2u);
  EXPECT_TRUE(append.messages[0].is_catenated);
  EXPECT_EQ(append.messages[0].parts,
            (std::vector<AppendPart>{{AppendPart::Kind::Url, 0, false, "/x/;UID=1"},
                                     {AppendPart::Kind::Text, 2, false, "hi"},
                                     {AppendPart::Kind::Utf8, 1, true, "y"}}));
  EXPECT_FALSE(append.messages[1].is_catenated);
  EXPECT_EQ(append.messages[1].parts[0].kind, AppendPart::Kind::Utf8);
  EXPECT_EQ(body<Replace>("a REPLACE 1 x CATENATE (URL a)").append.messages[0].parts.size(), 1u);
  error("a APPEND x CATENATE ()");
  error("a APPEND x CATENATE (URL)");
  error("a APPEND x CATENATE (URL a");
  error("a APPEND x CATENATE URL a");
  error("a APPEND x CATENATE (TEXT hi)");
  error("a APPEND x CATENATE (UTF8 ({1+}\r\ny))");
}

TEST(Parser, ReadsReplace) {
  const auto replace = body<Replace>("a UID REPLACE 7 Drafts (\\Draft) {5+}\r\nhello");
  EXPECT_EQ(replace.numbering, Numbering::Uid);
  EXPECT_EQ(replace.set.to_string(), "7");
  EXPECT_EQ(replace.append.mailbox, "Drafts");
  EXPECT_EQ(replace.append.messages.at(0).parts.at(0).text, "hello");
  EXPECT_EQ(body<Replace>("a REPLACE * x {1+}\r\nh").set.to_string(), "*");
  error("a REPLACE 1,2 x {1+}\r\nh");
  error("a REPLACE 1 x {1+}\r\nh {1+}\r\nh");
  error("a REPLACE x {1+}\r\nh");
}

TEST(Parser, ReadsAppend) {
  auto append = body<Append>(
      "a APPEND saved (\\Seen $Forwarded) \" 7-Feb-1994 21:52:25 -0800\" {5+}\r\nhello");
  EXPECT_EQ(append.mailbox, "saved");
  ASSERT_EQ(append.messages.size(), 1u);
  const AppendMessage& message = append.messages[0];
  EXPECT_EQ(message.flags.system, Flags::kSeen);
  EXPECT_EQ(message.flags.keywords, std::vector<std::string>{"$Forwarded"});
  EXPECT_EQ(unix_seconds(*message.internal_date), 760'686'745);
  EXPECT_EQ(message.parts.at(0).text, "hello");
  EXPECT_TRUE(body<Append>("a APPEND x ~{1+}\r\nh").messages[0].parts[0].is_binary);
  EXPECT_EQ(body<Append>("a APPEND {1+}\r\nx {5+}\r\nhello").mailbox, "x");
  const auto several = body<Append>("a APPEND x (\\Seen) {1+}\r\na (\\Draft) {1+}\r\nb {1+}\r\nc");
  ASSERT_EQ(several.messages.size(), 3u);
  EXPECT_EQ(several.messages[1].flags.system, Flags::kDraft);
  EXPECT_EQ(several.messages[2].flags, FlagList());
  EXPECT_EQ(several.messages[2].parts.at(0).text, "c");
  error("a APPEND x {1+}\r\na (\\Seen)");
  error("a APPEND x");
  error("a APPEND x hello");
  error("a APPEND x \"hello\"");
  error("a APPEND x \"31-Feb-1994 21:52:25 -0800\" {1+}\r\nx");
  error("a APPEND x \"1-Feb-1994 21:52:25 -0800\" {1+}\r\nx");
  error("a APPEND x {1+}\r\nx y");
  error("a APPEND ~{1+}\r\nx {1+}\r\nx");
}

TEST(Parser, ReadsFetchItems) {
  auto items = [](const std::string& text) { return body<Fetch>("a FETCH 1:* " + text).items; };
  EXPECT_EQ(items("ALL").size(), 4u);
  EXPECT_EQ(items("fast").size(), 3u);
  EXPECT_EQ(items("FULL").size(), 5u);
  EXPECT_EQ(items("(UID FLAGS FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)").size(),
            7u);
  EXPECT_FALSE(items("RFC822")[0].peek);
  EXPECT_TRUE(items("RFC822.HEADER")[0].peek);
  EXPECT_FALSE(items("RFC822.TEXT")[0].peek);
  EXPECT_FALSE(items("PREVIEW")[0].is_lazy);
  EXPECT_TRUE(items("preview (lazy)")[0].is_lazy);
  EXPECT_EQ(items("(PREVIEW (LAZY) FLAGS PREVIEW)").size(), 3u);
  const auto modified = body<Fetch>("a FETCH 1 PREVIEW (CHANGEDSINCE 5)");
  EXPECT_FALSE(modified.items[0].is_lazy);
  EXPECT_EQ(modified.modifiers[0].name, "CHANGEDSINCE");
  EXPECT_TRUE(body<Fetch>("a FETCH 1 PREVIEW (LAZY) (CHANGEDSINCE 5)").items[0].is_lazy);
  error("a FETCH 1 (PREVIEW (FROB))");
  error("a FETCH 1 PREVIEW (LAZY FROB)");
  error("a FETCH 1 PREVIEW ()");
  auto item = items("BODY.PEEK[1.2.HEADER.FIELDS (Subject \"X Y\")]<0.100>")[0];
  EXPECT_EQ(item.kind, FetchItem::Kind::Section);
  EXPECT_TRUE(item.peek);
  EXPECT_EQ(item.section.part, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(item.section.kind, Section::Kind::HeaderFields);
  EXPECT_EQ(item.section.fields, (std::vector<std::string>{"Subject", "X Y"}));
  EXPECT_EQ(item.partial->size, 100u);
  EXPECT_EQ(items("BODY[]")[0].section, Section{});
  EXPECT_EQ(items("body[header.fields.not (a)]")[0].section.kind, Section::Kind::HeaderFieldsNot);
  EXPECT_EQ(items("BODY[1.MIME]")[0].section.kind, Section::Kind::Mime);
  EXPECT_EQ(items("BODY[TEXT]")[0].section.kind, Section::Kind::Text);
  EXPECT_EQ(items("BINARY[]")[0].kind, FetchItem::Kind::Binary);
  EXPECT_TRUE(items("BINARY.PEEK[1]<5.7>")[0].peek);
  EXPECT_EQ(items("BINARY.SIZE[1.2]")[0].kind, FetchItem::Kind::BinarySize);
  EXPECT_EQ(body<Fetch>("a UID FETCH $ FLAGS").numbering, Numbering::Uid);
  EXPECT_TRUE(body<Fetch>("a UID FETCH $ FLAGS").set.is_saved());
}

TEST(Parser, RefusesWrongFetchItems) {
  for (const char* text : {"",
                           "()",
                           "FROB",
                           "(ALL)",
                           "BODY[",
                           "BODY[0]",
                           "BODY[1.]",
                           "BODY[MIME]",
                           "BODY[FROB]",
                           "BODY[HEADER.FIELDS]",
                           "BODY[HEADER.FIELDS ()]",
                           "BODY[]<1>",
                           "BODY[]<0.0>",
                           "BODY[1 ]",
                           "BODY[]<99999999999999999999.1>",
                           "BINARY[TEXT]",
                           "BINARY[1.MIME]",
                           "BINARY.SIZE[1]<0.1>",
                           "FLAGS UID",
                           "(FLAGS",
                           "(FLAGS UID",
                           "FLAGS[1]",
                           "BODY.PEEK",
                           "RFC822.PEEK"}) {
    error("a FETCH 1 " + std::string(text));
  }
  error("a FETCH x FLAGS");
  error("a FETCH 0 FLAGS");
  EXPECT_EQ(error("a FETCH 1,, FLAGS"),
            "a|FETCH: Expected message numbers like 1:5,9,20:* at \"1,, FLAGS\"");
}

TEST(Parser, ReadsStoreCopyMove) {
  auto store = body<Store>("a STORE 2:4 +FLAGS.SILENT (\\Deleted \\seen Junk)");
  EXPECT_EQ(store.mode, Store::Mode::Add);
  EXPECT_EQ(store.echo, Store::Echo::Silent);
  EXPECT_EQ(store.flags.system, Flags::kDeleted | Flags::kSeen);
  EXPECT_EQ(body<Store>("a STORE 1 -flags \\Draft a b").flags.keywords.size(), 2u);
  EXPECT_EQ(body<Store>("a STORE 1 FLAGS ()").mode, Store::Mode::Replace);
  EXPECT_EQ(body<Store>("a UID STORE 1 FLAGS (\\Recent \\Seen)").flags.system, Flags::kSeen);
  EXPECT_EQ(body<Copy>("a UID COPY 1:3 x").numbering, Numbering::Uid);
  EXPECT_EQ(body<Move>("a MOVE * \"x y\"").mailbox, "x y");
  EXPECT_EQ(body<Expunge>("a UID EXPUNGE 3:9").uids->to_string(), "3:9");
  error("a STORE 1 FLAG (\\Seen)");
  error("a STORE 1 FLAGS");
  EXPECT_EQ(body<Store>("a STORE 1 FLAGS (\\Frob \\Seen)").flags.system, Flags::kSeen);
  error("a STORE 1 FLAGS (\\*)");
  error("a COPY 1");
  error("a UID EXPUNGE");
}

TEST(Parser, ReadsEverySearchKey) {
  using Kind = SearchKey::Kind;
  for (const char* text : {"ALL",
                           "ANSWERED",
                           "DELETED",
                           "DRAFT",
                           "FLAGGED",
                           "NEW",
                           "OLD",
                           "RECENT",
                           "SEEN",
                           "UNANSWERED",
                           "UNDELETED",
                           "UNDRAFT",
                           "UNFLAGGED",
                           "UNSEEN",
                           "BCC x",
                           "CC x",
                           "FROM x",
                           "TO x",
                           "SUBJECT x",
                           "BODY x",
                           "TEXT x",
                           "KEYWORD x",
                           "UNKEYWORD x",
                           "LARGER 1",
                           "SMALLER 1",
                           "OLDER 1",
                           "YOUNGER 4294967295",
                           "ON 1-Feb-1994",
                           "BEFORE \"01-Feb-1994\"",
                           "SINCE 1-feb-1994",
                           "SENTON 1-Feb-1994",
                           "SENTBEFORE 1-Feb-1994",
                           "SENTSINCE 1-Feb-1994",
                           "UID 1:*",
                           "1,3",
                           "*",
                           "$",
                           "HEADER Subject \"\"",
                           "FUZZY ALL",
                           "FUZZY (SUBJECT x SEEN)",
                           "NOT ALL",
                           "OR ALL ALL",
                           "(ALL ALL)"}) {
    key(text);
  }
  EXPECT_EQ(key("SINCE 1-Feb-1994").days, 8797);
  EXPECT_EQ(key("UNSEEN").mask, Flags::kSeen);
  EXPECT_EQ(key("HEADER X-Y {2+}\r\na\xe4").text, "a\xe4");
  EXPECT_EQ(key("FILTER on-the-road").kind, Kind::Filter);
  EXPECT_EQ(key("filter On-The-Road").text, "On-The-Road");
  SearchKey nested = key("NOT (OR FROM a SUBJECT b 1)");
  ASSERT_EQ(nested.keys[0].kind, Kind::And);
  EXPECT_EQ(nested.keys[0].keys[0].kind, Kind::Or);
  EXPECT_EQ(nested.keys[0].keys[1].kind, Kind::Numbers);
}

TEST(Parser, ReadsSearchOptions) {
  auto search = body<Search>("a UID SEARCH RETURN (MIN COUNT SAVE) CHARSET utf-8 UNSEEN FROM x");
  EXPECT_EQ(search.numbering, Numbering::Uid);
  EXPECT_TRUE(search.returns->min && search.returns->count && search.returns->save);
  EXPECT_FALSE(search.returns->max || search.returns->all);
  EXPECT_EQ(search.charset, "UTF-8");
  EXPECT_EQ(search.program.keys.size(), 2u);
  EXPECT_TRUE(body<Search>("a SEARCH RETURN () ALL").returns->all);
  EXPECT_FALSE(body<Search>("a SEARCH ALL").returns);
}

TEST(Parser, RefusesWrongSearches) {
  for (const char* text : {"", "FROB", "OR ALL", "NOT", "()", "FROM", "ON 32-Jan-1994", "ON x",
                           "LARGER x", "RETURN (FROB) ALL", "RETURN ()", "CHARSET UTF-8",
                           "HEADER x", "0", "UID x", "(ALL", "ALL)", "KEYWORD"}) {
    error("a SEARCH " + std::string(text));
  }
}

TEST(Parser, BoundsNesting) {
  auto repeat = [](std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  parsed("a SEARCH " + repeat("OR SEEN ", 300) + "ALL");
  EXPECT_EQ(error("a SEARCH " + repeat("NOT ", 20'000) + "ALL"),
            "a|SEARCH: Search keys are nested too deep");
  error("a SEARCH " + repeat("(", 20'000) + "ALL" + repeat(")", 20'000));
  error("a SEARCH " + repeat("OR ", 20'000) + "ALL");
  error("a SEARCH" + repeat(" ALL", 20'000));
  error("a FETCH 1 BODY[" + repeat("1.", 500) + "1]");
  error("a STORE 1 FLAGS (" + repeat("a ", 5000) + "a)");
}

TEST(Parser, TakesSetsAsLongAsClientsSendThem) {
  std::string set = "1";
  for (int i = 3; set.size() < 100'000; i += 2) set += "," + std::to_string(i);
  EXPECT_GT(body<Fetch>("a UID FETCH " + set + " (FLAGS)").set.ranges().size(), 15'000u);
}

}  // namespace
}  // namespace waxwing::imap
