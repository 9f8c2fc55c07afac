#include "protocols/imap/parser.h"

#include <algorithm>
#include <iterator>

#include "base/encoding.h"
#include "base/text.h"
#include "protocols/imap/collation.h"
#include "protocols/imap/language.h"
#include "protocols/imap/lexer.h"
#include "protocols/imap/parser_parts.h"
#include "storage/types.h"

namespace waxwing::imap {
namespace {

template <class Body>
Command::Body without_arguments(Lexer&) {
  return Body{};
}

std::string mailbox(Lexer& lexer) {
  lexer.space();
  return lexer.astring("a mailbox name");
}

template <class Body>
Command::Body with_mailbox(Lexer& lexer) {
  Body body;
  body.mailbox = mailbox(lexer);
  return body;
}

// RFC 2971. NIL and () say nothing alike.
Command::Body parse_id(Lexer& lexer) {
  Id id;
  lexer.space();
  if (lexer.take_word("NIL")) return id;
  parse_list(lexer, [&] {
    std::string field = lexer.string("a field name");
    lexer.space();
    id.fields.emplace_back(std::move(field), lexer.nstring("a value"));
  });
  return id;
}

Command::Body parse_authenticate(Lexer& lexer) {
  Authenticate authenticate;
  lexer.space();
  authenticate.mechanism = lexer.word("a mechanism");
  if (lexer.at_end() || !lexer.ok()) return authenticate;
  lexer.space();
  std::string initial = lexer.atom("an initial response");
  // "=" stands for a response without any bytes.  RFC 4959 section 3
  auto decoded = initial == "=" ? std::string() : from_base64(initial);
  if (!decoded) lexer.fail("The initial response is no base64");
  authenticate.initial = std::move(decoded);
  return authenticate;
}

Command::Body parse_login(Lexer& lexer) {
  Login login;
  lexer.space();
  login.user = lexer.astring("a user name");
  lexer.space();
  login.password = lexer.astring("a password");
  return login;
}

Command::Body parse_compress(Lexer& lexer) {
  lexer.space();
  return Compress{lexer.word("an algorithm")};
}

Command::Body parse_enable(Lexer& lexer) {
  Enable enable;
  do {
    lexer.space();
    enable.capabilities.push_back(lexer.word("a capability"));
  } while (lexer.ok() && !lexer.at_end());
  return enable;
}

// Strings, as the RFC has it, or atoms.  RFC 5267 section 5
Command::Body parse_cancel_update(Lexer& lexer) {
  CancelUpdate cancel;
  do {
    lexer.space();
    cancel.tags.push_back(lexer.astring("a tag"));
    if (cancel.tags.size() > kMaxListEntries) lexer.fail("Too many tags");
  } while (lexer.ok() && !lexer.at_end());
  return cancel;
}

// RFC 5255 section 3.5
Command::Body parse_language(Lexer& lexer) {
  LanguageCommand language;
  while (lexer.ok() && !lexer.at_end()) {
    lexer.space();
    language.ranges.push_back(lexer.astring("a language"));
    if (!is_language_range(language.ranges.back())) {
      lexer.fail("A language is a tag like de or en-GB");
    }
    if (language.ranges.size() > kMaxListEntries) lexer.fail("Too many languages");
  }
  return language;
}

// RFC 5255 section 4.10
Command::Body parse_comparator(Lexer& lexer) {
  Comparator comparator;
  while (lexer.ok() && !lexer.at_end()) {
    lexer.space();
    comparator.orders.push_back(lexer.astring("a comparator"));
    if (!is_collation_order(comparator.orders.back())) {
      lexer.fail("A comparator is a name like i;unicode-casemap, or a pattern like i;*");
    }
    if (comparator.orders.size() > kMaxListEntries) lexer.fail("Too many comparators");
  }
  return comparator;
}

template <Select::Mode mode>
Command::Body parse_select(Lexer& lexer) {
  Select select;
  select.mode = mode;
  select.mailbox = mailbox(lexer);
  if (lexer.at_end() || !lexer.ok()) return select;
  lexer.space();
  select.modifiers = parse_modifiers(lexer);
  return select;
}

// CREATE mailbox (USE (\Sent)).  RFC 6154 section 3
Command::Body parse_create(Lexer& lexer) {
  Create create;
  create.mailbox = mailbox(lexer);
  if (lexer.at_end() || !lexer.ok()) return create;
  lexer.space();
  parse_list(lexer, [&] {
    if (!lexer.take_word("USE")) lexer.fail("The only parameter of CREATE is USE");
    lexer.space();
    parse_list(lexer, [&] {
      lexer.expect('\\');
      create.special_use.push_back("\\" + lexer.atom("a special use"));
    });
  });
  return create;
}

Command::Body parse_get_quota(Lexer& lexer) {
  GetQuota get;
  lexer.space();
  get.root = lexer.astring("a quota root");
  return get;
}

Command::Body parse_set_quota(Lexer& lexer) {
  SetQuota set;
  lexer.space();
  set.root = lexer.astring("a quota root");
  lexer.space();
  parse_list(lexer, [&] {
    std::string resource = lexer.word("a resource");
    lexer.space();
    set.limits.emplace_back(std::move(resource), lexer.number(INT64_MAX));
  });
  return set;
}

template <class Body>
Command::Body with_identifier(Lexer& lexer) {
  Body body;
  body.mailbox = mailbox(lexer);
  lexer.space();
  body.identifier = lexer.astring("an identifier");
  return body;
}

Command::Body parse_set_acl(Lexer& lexer) {
  SetAcl set = std::get<SetAcl>(with_identifier<SetAcl>(lexer));
  lexer.space();
  set.rights = lexer.astring("rights");
  return set;
}

Command::Body parse_rename(Lexer& lexer) {
  Rename rename;
  rename.from = mailbox(lexer);
  rename.to = mailbox(lexer);
  return rename;
}

Command::Body parse_status(Lexer& lexer) {
  Status status;
  status.mailbox = mailbox(lexer);
  lexer.space();
  status.items = parse_status_items(lexer);
  return status;
}

Command::Body parse_store(Lexer& lexer) {
  Store store;
  lexer.space();
  store.set = lexer.sequence_set();
  lexer.space();
  if (lexer.at('(')) {
    store.modifiers = parse_modifiers(lexer);
    lexer.space();
  }
  if (lexer.take('+')) {
    store.mode = Store::Mode::Add;
  } else if (lexer.take('-')) {
    store.mode = Store::Mode::Remove;
  }
  std::string item = lexer.word("FLAGS");
  // RFC 5257 section 4.5
  if (item == "ANNOTATION" && store.mode == Store::Mode::Replace) {
    store.echo = Store::Echo::Silent;
    lexer.space();
    store.annotations = parse_annotations(lexer);
    return store;
  }
  if (item == "FLAGS.SILENT") {
    store.echo = Store::Echo::Silent;
  } else if (item != "FLAGS") {
    lexer.fail("STORE changes FLAGS, +FLAGS or -FLAGS, each also with .SILENT, and ANNOTATION");
  }
  lexer.space();
  store.flags = parse_flags(lexer);
  return store;
}

template <class Body>
Command::Body parse_copy(Lexer& lexer) {
  Body body;
  lexer.space();
  body.set = lexer.sequence_set();
  body.mailbox = mailbox(lexer);
  return body;
}

Command::Body parse_uid_expunge(Lexer& lexer) {
  Expunge expunge;
  lexer.space();
  expunge.uids = lexer.sequence_set();
  return expunge;
}

// UIDBATCHES size [first:last]
Command::Body parse_uid_batches(Lexer& lexer) {
  UidBatches batches;
  lexer.space();
  batches.size = lexer.nz_number();
  if (lexer.at_end() || !lexer.ok()) return batches;
  lexer.space();
  batches.first = lexer.nz_number();
  lexer.expect(':');
  batches.last = lexer.nz_number();
  if (batches.first > batches.last) lexer.fail("The first batch comes before the last");
  return batches;
}

template <Command::Body (*parse_numbered)(Lexer&)>
Command::Body by_uid(Lexer& lexer) {
  Command::Body body = parse_numbered(lexer);
  std::visit(
      [](auto& command) {
        if constexpr (requires { command.numbering; }) command.numbering = Numbering::Uid;
      },
      body);
  return body;
}

struct CommandName {
  std::string_view name;
  Command::Body (*parse)(Lexer&);
};

constexpr CommandName kCommands[] = {
    {"APPEND", parse_append},
    {"AUTHENTICATE", parse_authenticate},
    {"CANCELUPDATE", parse_cancel_update},
    {"CAPABILITY", without_arguments<Capability>},
    {"CHECK", without_arguments<Check>},
    {"CLOSE", without_arguments<Close>},
    {"COMPARATOR", parse_comparator},
    {"COMPRESS", parse_compress},
    {"COPY", parse_copy<Copy>},
    {"CREATE", parse_create},
    {"DELETE", with_mailbox<Delete>},
    {"DELETEACL", with_identifier<DeleteAcl>},
    {"ENABLE", parse_enable},
    {"ESEARCH", parse_multi_search},
    {"EXAMINE", parse_select<Select::Mode::ReadOnly>},
    {"EXPUNGE", without_arguments<Expunge>},
    {"FETCH", parse_fetch},
    {"GENURLAUTH", parse_gen_url_auth},
    {"GETACL", with_mailbox<GetAcl>},
    {"GETMETADATA", parse_get_metadata},
    {"GETQUOTA", parse_get_quota},
    {"GETQUOTAROOT", with_mailbox<GetQuotaRoot>},
    {"ID", parse_id},
    {"IDLE", without_arguments<Idle>},
    {"LANGUAGE", parse_language},
    {"LIST", parse_list_command},
    {"LISTRIGHTS", with_identifier<ListRights>},
    {"LOGIN", parse_login},
    {"LOGOUT", without_arguments<Logout>},
    {"LSUB", parse_lsub},
    {"MOVE", parse_copy<Move>},
    {"MYRIGHTS", with_mailbox<MyRights>},
    {"NAMESPACE", without_arguments<Namespace>},
    {"NOOP", without_arguments<Noop>},
    {"NOTIFY", parse_notify},
    {"RENAME", parse_rename},
    {"REPLACE", parse_replace},
    {"RESETKEY", parse_reset_key},
    {"SEARCH", parse_search},
    {"SELECT", parse_select<Select::Mode::ReadWrite>},
    {"SETACL", parse_set_acl},
    {"SETMETADATA", parse_set_metadata},
    {"SETQUOTA", parse_set_quota},
    {"SORT", parse_sort},
    {"STARTTLS", without_arguments<StartTls>},
    {"STATUS", parse_status},
    {"STORE", parse_store},
    {"SUBSCRIBE", with_mailbox<Subscribe>},
    {"THREAD", parse_thread},
    {"UNAUTHENTICATE", without_arguments<Unauthenticate>},
    {"UNSELECT", without_arguments<Unselect>},
    {"UNSUBSCRIBE", with_mailbox<Unsubscribe>},
    {"URLFETCH", parse_url_fetch},
    {"XLIST", parse_xlist},
    {"UIDBATCHES", parse_uid_batches},
    {"UID COPY", by_uid<parse_copy<Copy>>},
    {"UID ESEARCH", parse_multi_search},
    {"UID EXPUNGE", parse_uid_expunge},
    {"UID FETCH", by_uid<parse_fetch>},
    {"UID MOVE", by_uid<parse_copy<Move>>},
    {"UID REPLACE", by_uid<parse_replace>},
    {"UID SEARCH", by_uid<parse_search>},
    {"UID SORT", by_uid<parse_sort>},
    {"UID STORE", by_uid<parse_store>},
    {"UID THREAD", by_uid<parse_thread>},
};

}  // namespace

std::string parse_name(Lexer& lexer) {
  lexer.run(is_tag_char);
  if (!lexer.take(' ')) return {};
  std::string name = to_upper(lexer.run(is_atom_char));
  if (name == "UID" && lexer.take(' ')) name += " " + to_upper(lexer.run(is_atom_char));
  return name;
}

tl::expected<Command, SyntaxError> parse(const RawCommand& raw) {
  auto error = [&](std::string text) {
    return tl::unexpected<SyntaxError>(SyntaxError{std::string(raw.tag()), std::move(text)});
  };
  if (raw.tag().empty()) return error("A command starts with a tag");
  Lexer lexer(raw);
  Command command;
  command.tag = raw.tag();
  command.name = parse_name(lexer);
  if (command.name.empty()) return error("A command name must follow the tag");
  const CommandName* entry =
      std::find_if(std::begin(kCommands), std::end(kCommands),
                   [&](const CommandName& e) { return e.name == command.name; });
  if (entry == std::end(kCommands)) return error("Unknown command " + printable(command.name, 40));
  command.body = entry->parse(lexer);
  lexer.end();
  if (lexer.ok()) return command;
  // What a client sends to sign in is not repeated to anyone, whatever is wrong with it.
  bool is_secret = command.name == "LOGIN" || command.name == "AUTHENTICATE";
  return error(is_secret ? "Syntax error in the arguments of " + command.name
                         : command.name + ": " + lexer.error());
}

}  // namespace waxwing::imap
