#include "protocols/imap/parser_parts.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "storage/types.h"

namespace waxwing::imap {
namespace {

constexpr int kMaxValueDepth = 16;

bool is_set_char(char c) {
  return is_digit(c) || std::string_view(":,*$-").find(c) != std::string_view::npos;
}

ModifierValue parse_value(Lexer& lexer, int depth) {
  ModifierValue value;
  if (!lexer.at('(')) {
    // A mod-sequence has 63 bits and PARTIAL counts from the end, so this is no sequence-set to the
    // letter.
    value.text = lexer.run(is_set_char);
    if (value.text.empty()) value.text = lexer.astring("a value");
    return value;
  }
  if (depth == kMaxValueDepth) {
    lexer.fail("Parentheses are nested too deep");
    return value;
  }
  value.is_list = true;
  parse_list(lexer, [&] { value.list.push_back(parse_value(lexer, depth + 1)); });
  return value;
}

void parse_flag(Lexer& lexer, FlagList& flags) {
  if (!lexer.take('\\')) {
    flags.keywords.push_back(lexer.atom("a flag"));
    return;
  }
  std::string name = "\\" + lexer.atom("a flag");
  auto flag =
      std::find_if(std::begin(kSystemFlags), std::end(kSystemFlags),
                   [&](const SystemFlag& known) { return equals_ignoring_case(known.name, name); });
  // Flags of extensions are good syntax; what is not known here cannot be set and is passed over.
  // So is \Recent, which only the server sets: a client that copies all flags of a message means no
  // harm.  RFC 9051 section 9, flag-extension
  if (flag != std::end(kSystemFlags)) flags.system |= flag->bit;
}

struct StatusName {
  std::string_view name;
  StatusItem item;
};
constexpr StatusName kStatusItems[] = {
    {"MESSAGES", StatusItem::Messages},
    {"RECENT", StatusItem::Recent},
    {"UIDNEXT", StatusItem::UidNext},
    {"UIDVALIDITY", StatusItem::UidValidity},
    {"UNSEEN", StatusItem::Unseen},
    {"DELETED", StatusItem::Deleted},
    {"SIZE", StatusItem::Size},
    {"APPENDLIMIT", StatusItem::AppendLimit},
    {"HIGHESTMODSEQ", StatusItem::HighestModSeq},
    {"MAILBOXID", StatusItem::MailboxId},
    {"DELETED-STORAGE", StatusItem::DeletedStorage},
};

void parse_selection_option(Lexer& lexer, List::Selection& selection) {
  if (lexer.take_word("SUBSCRIBED")) {
    selection.subscribed = true;
  } else if (lexer.take_word("REMOTE")) {
    selection.remote = true;
  } else if (lexer.take_word("RECURSIVEMATCH")) {
    selection.recursive_match = true;
  } else if (lexer.take_word("SPECIAL-USE")) {
    selection.special_use = true;
  } else {
    lexer.fail("Unknown LIST selection option");
  }
}

void parse_return_option(Lexer& lexer, List::Return& returns) {
  if (lexer.take_word("SUBSCRIBED")) {
    returns.subscribed = true;
  } else if (lexer.take_word("CHILDREN")) {
    returns.children = true;
  } else if (lexer.take_word("SPECIAL-USE")) {
    returns.special_use = true;
  } else if (lexer.take_word("MYRIGHTS")) {
    returns.my_rights = true;
  } else if (lexer.take_word("STATUS")) {
    lexer.space();
    returns.status = parse_status_items(lexer);
  } else if (lexer.take_word("METADATA")) {
    lexer.space();
    returns.metadata = parse_entries(lexer);
  } else {
    lexer.fail("Unknown LIST return option");
  }
}

Command::Body parse_plain_list(Lexer& lexer, List::Kind kind) {
  List list;
  list.kind = kind;
  lexer.space();
  list.reference = lexer.astring("a reference name");
  lexer.space();
  list.patterns.push_back(lexer.list_mailbox());
  return list;
}

}  // namespace

// "(" name [SP value] *(SP name [SP value]) ")".  RFC 4466 section 2.1
Modifiers parse_modifiers(Lexer& lexer) {
  Modifiers modifiers;
  parse_list(lexer, [&] {
    // A value starts as no name can.
    bool is_value =
        lexer.at('(') || lexer.at_digit() || lexer.at('*') || lexer.at('$') || lexer.at('-');
    if (!is_value) {
      modifiers.push_back({lexer.word("a modifier"), std::nullopt});
    } else if (modifiers.empty() || modifiers.back().value) {
      lexer.fail("A value must follow the name of a modifier");
    } else {
      modifiers.back().value = parse_value(lexer, 0);
    }
  });
  if (modifiers.empty()) lexer.fail("Expected a modifier in the parentheses");
  return modifiers;
}

FlagList parse_flag_list(Lexer& lexer) {
  FlagList flags;
  parse_list(lexer, [&] { parse_flag(lexer, flags); });
  return flags;
}

FlagList parse_flags(Lexer& lexer) {
  if (lexer.at('(')) return parse_flag_list(lexer);
  FlagList flags;
  do {
    if (flags.keywords.size() > kMaxListEntries) lexer.fail("Too many flags");
    parse_flag(lexer, flags);
  } while (lexer.ok() && !lexer.at_end() && lexer.take(' '));
  return flags;
}

std::vector<StatusItem> parse_status_items(Lexer& lexer) {
  std::vector<StatusItem> items;
  parse_list(lexer, [&] {
    std::string name = lexer.word("a STATUS item");
    auto known = std::find_if(std::begin(kStatusItems), std::end(kStatusItems),
                              [&](const StatusName& s) { return s.name == name; });
    if (known == std::end(kStatusItems)) {
      lexer.fail("There is no STATUS item " + printable(name, 40));
    } else if (std::find(items.begin(), items.end(), known->item) == items.end()) {
      items.push_back(known->item);
    }
  });
  if (items.empty()) lexer.fail("Expected a STATUS item in the parentheses");
  return items;
}

Command::Body parse_list_command(Lexer& lexer) {
  List list;
  lexer.space();
  if (lexer.at('(')) {
    list.is_extended = true;
    parse_list(lexer, [&] { parse_selection_option(lexer, list.selection); });
    lexer.space();
    // RFC 5258 section 3.1: it changes what a base option means.
    const auto& chosen = list.selection;
    if (chosen.recursive_match && !chosen.subscribed && !chosen.special_use) {
      lexer.fail("RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it");
    }
  }
  list.reference = lexer.astring("a reference name");
  lexer.space();
  if (lexer.at('(')) {
    list.is_extended = true;
    parse_list(lexer, [&] { list.patterns.push_back(lexer.list_mailbox()); });
    if (list.patterns.empty()) lexer.fail("Expected a pattern in the parentheses");
  } else {
    list.patterns.push_back(lexer.list_mailbox());
  }
  if (lexer.at_end() || !lexer.ok()) return list;
  list.is_extended = true;
  lexer.space();
  if (!lexer.take_word("RETURN")) lexer.fail("Expected RETURN or the end of the command");
  lexer.space();
  parse_list(lexer, [&] { parse_return_option(lexer, list.returns); });
  return list;
}

Command::Body parse_lsub(Lexer& lexer) {
  return parse_plain_list(lexer, List::Kind::Lsub);
}
Command::Body parse_xlist(Lexer& lexer) {
  return parse_plain_list(lexer, List::Kind::Xlist);
}

}  // namespace waxwing::imap
