#include <algorithm>

#include "base/text.h"
#include "protocols/imap/parser_parts.h"

namespace waxwing::imap {
namespace {

using Filter = MailboxFilter::Kind;

constexpr std::size_t kMaxGroups = 100;

bool is_of_selected(Filter filter) {
  return filter == Filter::Selected || filter == Filter::SelectedDelayed;
}

// Takes one event. Where an event is none of ours, the command is no error but a NO.
void parse_event(Lexer& lexer, Filter filter, NotifyEvents& events) {
  const std::string name = lexer.word("an event");
  const bool is_message_event = name == "MESSAGENEW" || name == "MESSAGEEXPUNGE" ||
                                name == "FLAGCHANGE" || name == "ANNOTATIONCHANGE";
  if (is_of_selected(filter) && !is_message_event) {
    lexer.fail("Of the selected mailbox there are message events alone");
  } else if (name == "MESSAGENEW") {
    events.message_new = true;
  } else if (name == "MESSAGEEXPUNGE") {
    events.message_expunge = true;
  } else if (name == "FLAGCHANGE") {
    events.flag_change = true;
  } else if (name == "ANNOTATIONCHANGE") {
    events.annotation_change = true;
  } else if (name == "MAILBOXNAME") {
    events.mailbox_name = true;
  } else if (name == "MAILBOXMETADATACHANGE") {
    events.metadata_change = true;
  } else if (name == "SERVERMETADATACHANGE") {
    events.server_metadata_change = true;
  } else if (name == "SUBSCRIPTIONCHANGE") {
    events.subscription_change = true;
  } else {
    events.others = true;
  }
}

// "(" event *(SP event) ")", and the items of MessageNew, which stand behind it.
void parse_events(Lexer& lexer, NotifyGroup& group) {
  bool is_new = false;
  parse_list(lexer, [&] {
    if (!lexer.at('(')) {
      const bool had_new = group.events.message_new;
      parse_event(lexer, group.of.kind, group.events);
      is_new = group.events.message_new && !had_new;
      return;
    }
    if (!is_new || !is_of_selected(group.of.kind)) {
      lexer.fail("Items stand behind MessageNew, of the selected mailbox alone");
      return;
    }
    group.events.items = parse_fetch_items(lexer);
    is_new = false;
  });
  const NotifyEvents& events = group.events;
  // RFC 5465 section 5
  if (events.message_new != events.message_expunge) {
    lexer.fail("MessageNew and MessageExpunge go together");
  } else if ((events.flag_change || events.annotation_change) && !events.message_new) {
    lexer.fail("FlagChange and AnnotationChange want MessageNew and MessageExpunge beside them");
  }
}

NotifyGroup parse_group(Lexer& lexer) {
  NotifyGroup group;
  lexer.expect('(');
  group.of = parse_mailbox_filter(lexer);
  if (group.of.kind == Filter::SubtreeOne) lexer.fail("SUBTREE-ONE is for ESEARCH");
  lexer.space();
  if (!lexer.take_word("NONE")) parse_events(lexer, group);
  lexer.expect(')');
  return group;
}

}  // namespace

Command::Body parse_notify(Lexer& lexer) {
  Notify notify;
  lexer.space();
  if (lexer.take_word("NONE")) {
    notify.is_none = true;
    return notify;
  }
  if (!lexer.take_word("SET")) lexer.fail("NOTIFY takes SET or NONE");
  lexer.space();
  if (lexer.take_word("STATUS")) {
    notify.wants_status = true;
    lexer.space();
  }
  do {
    if (notify.groups.size() == kMaxGroups) lexer.fail("Too many groups of events");
    notify.groups.push_back(parse_group(lexer));
  } while (lexer.ok() && lexer.take(' '));
  std::size_t names = 0;
  for (const NotifyGroup& group : notify.groups) names += group.of.mailboxes.size();
  if (names > kMaxListEntries) lexer.fail("Too many mailboxes are named");
  const auto of_selected = std::ranges::count_if(
      notify.groups, [](const NotifyGroup& group) { return is_of_selected(group.of.kind); });
  if (of_selected > 1) lexer.fail("Only one group can be of the selected mailbox");
  return notify;
}

}  // namespace waxwing::imap
