#include "tests/imap/print_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/encoding.h"
#include "protocols/imap/lexer.h"
#include "protocols/imap/parser.h"
#include "storage/types.h"

namespace waxwing::imap {
namespace {

std::string literal(const std::string& text) {
  return "{" + std::to_string(text.size()) + "+}\r\n" + text;
}

std::string string(const std::string& text) {
  return literal(text);
}

std::string astring(const std::string& text) {
  bool is_atom = !text.empty() && std::all_of(text.begin(), text.end(), is_astring_char);
  return is_atom ? text : literal(text);
}

template <class Range, class Print>
std::string list(const Range& range, Print print) {
  std::string text = "(";
  for (const auto& entry : range) {
    if (text.size() > 1) text += ' ';
    text += print(entry);
  }
  return text + ")";
}

std::string value(const ModifierValue& v) {
  if (v.is_list) return list(v.list, value);
  bool is_set = !v.text.empty() && v.text.find_first_not_of("0123456789:,*$-") == std::string::npos;
  return is_set ? v.text : astring(v.text);
}

std::string modifiers(const Modifiers& all) {
  if (all.empty()) return {};
  return " " + list(all, [](const Modifier& m) {
           return m.value ? m.name + " " + value(*m.value) : m.name;
         });
}

std::string flags(const FlagList& flags) {
  std::vector<std::string> names = flags.keywords;
  if (flags.system & Flags::kSeen) names.push_back("\\Seen");
  if (flags.system & Flags::kAnswered) names.push_back("\\Answered");
  if (flags.system & Flags::kFlagged) names.push_back("\\Flagged");
  if (flags.system & Flags::kDeleted) names.push_back("\\Deleted");
  if (flags.system & Flags::kDraft) names.push_back("\\Draft");
  return list(names, [](const std::string& name) { return name; });
}

std::string status_items(const std::vector<StatusItem>& items) {
  return list(items, [](StatusItem item) -> std::string {
    switch (item) {
      case StatusItem::Messages: return "MESSAGES";
      case StatusItem::Recent: return "RECENT";
      case StatusItem::UidNext: return "UIDNEXT";
      case StatusItem::UidValidity: return "UIDVALIDITY";
      case StatusItem::Unseen: return "UNSEEN";
      case StatusItem::Deleted: return "DELETED";
      case StatusItem::Size: return "SIZE";
      case StatusItem::AppendLimit: return "APPENDLIMIT";
      case StatusItem::HighestModSeq: return "HIGHESTMODSEQ";
      case StatusItem::MailboxId: return "MAILBOXID";
      case StatusItem::DeletedStorage: return "DELETED-STORAGE";
    }
    return {};
  });
}

std::string date(std::int64_t days) {
  static const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(days))};
  std::string year = std::to_string(static_cast<int>(ymd.year()));
  std::string day = std::to_string(static_cast<unsigned>(ymd.day()));
  return std::string(2 - day.size(), '0') + day + "-" +
         kMonths[static_cast<unsigned>(ymd.month()) - 1] + "-" + std::string(4 - year.size(), '0') +
         year;
}

std::string date_time(Time time) {
  std::int64_t seconds = unix_seconds(time);
  std::int64_t days = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) {
    --days;
    rest += 86400;
  }
  char clock[32];
  std::snprintf(clock, sizeof clock, " %02d:%02d:%02d +0000", static_cast<int>(rest / 3600),
                static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  return "\"" + date(days) + clock + "\"";
}

std::string section(const FetchItem& item, std::string name) {
  // Not Section::to_string(), which may quote: field names here may be anything.
  Section bare = item.section;
  bare.fields.clear();
  std::string text;
  for (auto number : bare.part) text += (text.empty() ? "" : ".") + std::to_string(number);
  auto with = [&](const char* word) { text += (text.empty() ? "" : ".") + std::string(word); };
  switch (bare.kind) {
    case Section::Kind::Whole: break;
    case Section::Kind::Header: with("HEADER"); break;
    case Section::Kind::HeaderFields: with("HEADER.FIELDS "); break;
    case Section::Kind::HeaderFieldsNot: with("HEADER.FIELDS.NOT "); break;
    case Section::Kind::Text: with("TEXT"); break;
    case Section::Kind::Mime: with("MIME"); break;
  }
  if (!item.section.fields.empty()) text += list(item.section.fields, astring);
  if (item.peek && item.kind != FetchItem::Kind::BinarySize) name += ".PEEK";
  text = name + "[" + text + "]";
  if (item.partial) {
    text +=
        "<" + std::to_string(item.partial->offset) + "." + std::to_string(item.partial->size) + ">";
  }
  return text;
}

std::string annotation_value(const std::optional<std::string>& value) {
  if (!value) return "NIL";
  return (value->find('\0') != std::string::npos ? "~" : "") + literal(*value);
}

std::string annotations(const std::vector<AnnotationChange>& changes) {
  return list(changes, [](const AnnotationChange& change) {
    return astring(change.entry) +
           (change.whose == Whose::Shared ? " (value.shared " : " (value.priv ") +
           annotation_value(change.value) + ")";
  });
}

std::string annotation_item(const AnnotationItem& item) {
  using Attribute = AnnotationItem::Attribute;
  return "ANNOTATION (" + list(item.entries, literal) + " " +
         list(item.attributes,
              [](Attribute attribute) -> std::string {
                switch (attribute) {
                  case Attribute::PrivateValue: return "value.priv";
                  case Attribute::SharedValue: return "value.shared";
                  case Attribute::PrivateSize: return "size.priv";
                  case Attribute::SharedSize: return "size.shared";
                }
                return {};
              }) +
         ")";
}

std::string fetch_item(const FetchItem& item) {
  switch (item.kind) {
    case FetchItem::Kind::Envelope: return "ENVELOPE";
    case FetchItem::Kind::Flags: return "FLAGS";
    case FetchItem::Kind::InternalDate: return "INTERNALDATE";
    case FetchItem::Kind::Size: return "RFC822.SIZE";
    case FetchItem::Kind::Body: return "BODY";
    case FetchItem::Kind::BodyStructure: return "BODYSTRUCTURE";
    case FetchItem::Kind::ModSeq: return "MODSEQ";
    case FetchItem::Kind::EmailId: return "EMAILID";
    case FetchItem::Kind::ThreadId: return "THREADID";
    case FetchItem::Kind::SaveDate: return "SAVEDATE";
    case FetchItem::Kind::Uid: return "UID";
    case FetchItem::Kind::Section: return section(item, "BODY");
    case FetchItem::Kind::Binary: return section(item, "BINARY");
    case FetchItem::Kind::BinarySize: return section(item, "BINARY.SIZE");
    case FetchItem::Kind::Rfc822: return "RFC822";
    case FetchItem::Kind::Rfc822Header: return "RFC822.HEADER";
    case FetchItem::Kind::Rfc822Text: return "RFC822.TEXT";
    case FetchItem::Kind::Annotation: return annotation_item(item.annotation);
    case FetchItem::Kind::Preview: return item.is_lazy ? "PREVIEW (LAZY)" : "PREVIEW";
  }
  return {};
}

std::string mailbox_filter(const MailboxFilter& filter) {
  using Kind = MailboxFilter::Kind;
  switch (filter.kind) {
    case Kind::Selected: return "SELECTED";
    case Kind::SelectedDelayed: return "SELECTED-DELAYED";
    case Kind::Inboxes: return "INBOXES";
    case Kind::Personal: return "PERSONAL";
    case Kind::Subscribed: return "SUBSCRIBED";
    case Kind::Subtree: return "SUBTREE " + list(filter.mailboxes, astring);
    case Kind::SubtreeOne: return "SUBTREE-ONE " + list(filter.mailboxes, astring);
    case Kind::Mailboxes: return "MAILBOXES " + list(filter.mailboxes, astring);
  }
  return {};
}

std::string notify_group(const NotifyGroup& group) {
  std::string text = "(" + mailbox_filter(group.of);
  const NotifyEvents& events = group.events;
  if (events == NotifyEvents{}) return text + " NONE)";
  std::vector<std::string> names;
  if (events.message_new) names.push_back("MessageNew");
  if (!events.items.empty()) names.push_back(list(events.items, fetch_item));
  if (events.message_expunge) names.push_back("MessageExpunge");
  if (events.flag_change) names.push_back("FlagChange");
  if (events.mailbox_name) names.push_back("MailboxName");
  if (events.subscription_change) names.push_back("SubscriptionChange");
  if (events.metadata_change) names.push_back("MailboxMetadataChange");
  if (events.server_metadata_change) names.push_back("ServerMetadataChange");
  if (events.annotation_change) names.push_back("AnnotationChange");
  if (events.others) names.push_back("OtherChange");
  return text + " " + list(names, [](const std::string& name) { return name; }) + ")";
}

std::string flag_key(std::uint64_t mask) {
  switch (mask) {
    case Flags::kSeen: return "SEEN";
    case Flags::kAnswered: return "ANSWERED";
    case Flags::kFlagged: return "FLAGGED";
    case Flags::kDeleted: return "DELETED";
    default: return "DRAFT";
  }
}

std::string search_key(const SearchKey& key) {
  using Kind = SearchKey::Kind;
  switch (key.kind) {
    case Kind::All: return "ALL";
    case Kind::Flag: return flag_key(key.mask);
    case Kind::NoFlag: return "UN" + flag_key(key.mask);
    case Kind::Keyword: return "KEYWORD " + astring(key.text);
    case Kind::NoKeyword: return "UNKEYWORD " + astring(key.text);
    case Kind::Recent: return "RECENT";
    case Kind::Old: return "OLD";
    case Kind::New: return "NEW";
    case Kind::EmailId: return "EMAILID " + astring(key.text);
    case Kind::ThreadId: return "THREADID " + astring(key.text);
    case Kind::SavedBefore: return "SAVEDBEFORE " + date(key.days);
    case Kind::SavedOn: return "SAVEDON " + date(key.days);
    case Kind::SavedSince: return "SAVEDSINCE " + date(key.days);
    case Kind::ModSeq: return "MODSEQ " + std::to_string(key.number);
    case Kind::Larger: return "LARGER " + std::to_string(key.number);
    case Kind::Smaller: return "SMALLER " + std::to_string(key.number);
    case Kind::Older: return "OLDER " + std::to_string(key.number);
    case Kind::Younger: return "YOUNGER " + std::to_string(key.number);
    case Kind::Before: return "BEFORE " + date(key.days);
    case Kind::On: return "ON " + date(key.days);
    case Kind::Since: return "SINCE " + date(key.days);
    case Kind::SentBefore: return "SENTBEFORE " + date(key.days);
    case Kind::SentOn: return "SENTON " + date(key.days);
    case Kind::SentSince: return "SENTSINCE " + date(key.days);
    case Kind::Numbers: return key.set.to_string();
    case Kind::Uids: return "UID " + key.set.to_string();
    case Kind::UidAfter: return "UIDAFTER " + std::to_string(key.number);
    case Kind::UidBefore: return "UIDBEFORE " + std::to_string(key.number);
    case Kind::Header: return "HEADER " + astring(key.field) + " " + astring(key.text);
    case Kind::Bcc: return "BCC " + astring(key.text);
    case Kind::Cc: return "CC " + astring(key.text);
    case Kind::From: return "FROM " + astring(key.text);
    case Kind::Subject: return "SUBJECT " + astring(key.text);
    case Kind::To: return "TO " + astring(key.text);
    case Kind::Body: return "BODY " + astring(key.text);
    case Kind::Text: return "TEXT " + astring(key.text);
    case Kind::Annotation: {
      const char* attributes[] = {"", "value.priv", "value.shared", "value"};
      return "ANNOTATION " + literal(key.field) + " " + attributes[key.mask] + " " +
             annotation_value(key.number ? std::optional(key.text) : std::nullopt);
    }
    case Kind::Filter: return "FILTER " + key.text;
    case Kind::Fuzzy: return "FUZZY " + search_key(key.keys[0]);
    case Kind::Not: return "NOT " + search_key(key.keys[0]);
    case Kind::Or: return "OR " + search_key(key.keys[0]) + " " + search_key(key.keys[1]);
    case Kind::And: return list(key.keys, search_key);
  }
  return {};
}

std::string append_part(const AppendPart& part) {
  const std::string text = (part.is_binary ? "~" : "") + literal(part.text);
  switch (part.kind) {
    case AppendPart::Kind::Text: return text;
    case AppendPart::Kind::Utf8: return "UTF8 (" + text + ")";
    case AppendPart::Kind::Url: return "URL " + astring(part.text);
  }
  return {};
}

std::string append_parts(const AppendMessage& message) {
  if (!message.is_catenated) return append_part(message.parts[0]);
  return "CATENATE " + list(message.parts, [](const AppendPart& part) {
           return (part.kind == AppendPart::Kind::Text ? "TEXT " : "") + append_part(part);
         });
}

std::string search_return(const std::optional<SearchReturn>& wanted) {
  if (!wanted) return {};
  std::vector<std::string> returns;
  if (wanted->min) returns.push_back("MIN");
  if (wanted->max) returns.push_back("MAX");
  if (wanted->all) returns.push_back("ALL");
  if (wanted->count) returns.push_back("COUNT");
  if (wanted->partial) returns.push_back("PARTIAL " + wanted->partial->to_string());
  if (wanted->relevancy) returns.push_back("RELEVANCY");
  if (wanted->save) returns.push_back("SAVE");
  if (wanted->context) returns.push_back("CONTEXT");
  if (wanted->update) returns.push_back("UPDATE");
  if (!wanted->items.empty()) returns.push_back(list(wanted->items, fetch_item));
  return " RETURN " + list(returns, [](const std::string& s) { return s; });
}

std::string sort_key(const SortKey& key) {
  std::string text = key.order == SortKey::Order::Descending ? "REVERSE " : "";
  switch (key.kind) {
    case SortKey::Kind::Annotation:
      return text + "ANNOTATION " + astring(key.entry) +
             (key.whose == Whose::Shared ? " value.shared" : " value.priv");
    case SortKey::Kind::Arrival: return text + "ARRIVAL";
    case SortKey::Kind::Cc: return text + "CC";
    case SortKey::Kind::Date: return text + "DATE";
    case SortKey::Kind::DisplayFrom: return text + "DISPLAYFROM";
    case SortKey::Kind::DisplayTo: return text + "DISPLAYTO";
    case SortKey::Kind::From: return text + "FROM";
    case SortKey::Kind::Relevancy: return text + "RELEVANCY";
    case SortKey::Kind::Size: return text + "SIZE";
    case SortKey::Kind::Subject: return text + "SUBJECT";
    case SortKey::Kind::To: return text + "TO";
  }
  return text;
}

struct Arguments {
  std::string operator()(const Id& id) const {
    return " " + list(id.fields, [](const auto& field) {
             return string(field.first) + " " + (field.second ? string(*field.second) : "NIL");
           });
  }
  std::string operator()(const Authenticate& a) const {
    if (!a.initial) return " " + a.mechanism;
    return " " + a.mechanism + " " + (a.initial->empty() ? "=" : base64(*a.initial));
  }
  std::string operator()(const Login& login) const {
    return " " + astring(login.user) + " " + astring(login.password);
  }
  std::string operator()(const Compress& compress) const { return " " + compress.algorithm; }
  std::string operator()(const ResetKey& reset) const {
    if (!reset.mailbox) return {};
    std::string text = " " + astring(*reset.mailbox);
    for (const auto& mechanism : reset.mechanisms) text += " " + mechanism;
    return text;
  }
  std::string operator()(const GenUrlAuth& generate) const {
    std::string text;
    for (const auto& [url, mechanism] : generate.wanted) {
      text += " " + astring(url) + " " + mechanism;
    }
    return text;
  }
  std::string operator()(const UrlFetch& fetch) const {
    std::string text;
    for (const auto& url : fetch.urls) text += " " + astring(url);
    return text;
  }
  std::string operator()(const LanguageCommand& language) const {
    std::string text;
    for (const auto& range : language.ranges) text += " " + astring(range);
    return text;
  }
  std::string operator()(const Comparator& comparator) const {
    std::string text;
    for (const auto& order : comparator.orders) text += " " + astring(order);
    return text;
  }
  std::string operator()(const Enable& enable) const {
    std::string text;
    for (const auto& capability : enable.capabilities) text += " " + capability;
    return text;
  }
  std::string operator()(const Select& select) const {
    return " " + astring(select.mailbox) + modifiers(select.modifiers);
  }
  std::string operator()(const Create& create) const {
    std::string text = " " + astring(create.mailbox);
    if (create.special_use.empty()) return text;
    return text + " (USE " + list(create.special_use, [](const std::string& s) { return s; }) + ")";
  }
  std::string operator()(const Rename& rename) const {
    return " " + astring(rename.from) + " " + astring(rename.to);
  }
  std::string operator()(const List& l) const {
    if (!l.is_extended) return " " + astring(l.reference) + " " + literal(l.patterns[0]);
    std::vector<std::string> selection, returns;
    if (l.selection.subscribed) selection.push_back("SUBSCRIBED");
    if (l.selection.remote) selection.push_back("REMOTE");
    if (l.selection.recursive_match) selection.push_back("RECURSIVEMATCH");
    if (l.selection.special_use) selection.push_back("SPECIAL-USE");
    if (l.returns.subscribed) returns.push_back("SUBSCRIBED");
    if (l.returns.children) returns.push_back("CHILDREN");
    if (l.returns.special_use) returns.push_back("SPECIAL-USE");
    if (!l.returns.status.empty()) returns.push_back("STATUS " + status_items(l.returns.status));
    if (!l.returns.metadata.empty()) {
      returns.push_back("METADATA " + list(l.returns.metadata, astring));
    }
    auto same = [](const std::string& s) { return s; };
    return " " + list(selection, same) + " " + astring(l.reference) + " " +
           list(l.patterns, literal) + " RETURN " + list(returns, same);
  }
  std::string operator()(const Status& status) const {
    return " " + astring(status.mailbox) + " " + status_items(status.items);
  }
  std::string operator()(const Append& append) const {
    std::string text = " " + astring(append.mailbox);
    for (const AppendMessage& message : append.messages) {
      text += " " + flags(message.flags);
      if (message.internal_date) text += " " + date_time(*message.internal_date);
      if (!message.annotations.empty()) text += " ANNOTATION " + annotations(message.annotations);
      text += " " + append_parts(message);
    }
    return text;
  }
  std::string operator()(const Replace& replace) const {
    return " " + replace.set.to_string() + (*this)(replace.append);
  }
  std::string operator()(const Expunge& expunge) const {
    return expunge.uids ? " " + expunge.uids->to_string() : std::string();
  }
  std::string operator()(const UidBatches& batches) const {
    std::string text = " " + std::to_string(batches.size);
    if (batches.last == UINT64_MAX) return text;
    return text + " " + std::to_string(batches.first) + ":" + std::to_string(batches.last);
  }
  std::string operator()(const GetQuota& get) const { return " " + astring(get.root); }
  std::string operator()(const GetMetadata& get) const {
    std::string text;
    const char* depths[] = {"0", "1", "infinity"};
    text += " (DEPTH " + std::string(depths[static_cast<int>(get.depth)]);
    if (get.max_size) text += " MAXSIZE " + std::to_string(*get.max_size);
    return text + ") " + astring(get.mailbox) + " " + list(get.entries, astring);
  }
  std::string operator()(const SetMetadata& set) const {
    return " " + astring(set.mailbox) + " " + list(set.values, [](const auto& entry) {
             if (!entry.second) return astring(entry.first) + " NIL";
             const bool has_nul = entry.second->find('\0') != std::string::npos;
             return astring(entry.first) + (has_nul ? " ~" : " ") + literal(*entry.second);
           });
  }
  std::string operator()(const Notify& notify) const {
    if (notify.is_none) return " NONE";
    std::string text = notify.wants_status ? " SET STATUS" : " SET";
    for (const NotifyGroup& group : notify.groups) text += " " + notify_group(group);
    return text;
  }
  std::string operator()(const Search& search) const {
    std::string text = search_return(search.returns);
    if (!search.charset.empty()) text += " CHARSET " + astring(search.charset);
    for (const auto& key : search.program.keys) text += " " + search_key(key);
    return text;
  }
  std::string operator()(const MultiSearch& search) const {
    std::string text;
    if (!search.sources.empty()) text += " IN " + list(search.sources, mailbox_filter);
    text += search_return(search.returns);
    if (!search.charset.empty()) text += " CHARSET " + astring(search.charset);
    for (const auto& key : search.program.keys) text += " " + search_key(key);
    return text;
  }
  std::string operator()(const CancelUpdate& cancel) const {
    std::string text;
    for (const auto& tag : cancel.tags) text += " " + string(tag);
    return text;
  }
  std::string operator()(const Sort& sort) const {
    std::string text =
        search_return(sort.returns) + " " + list(sort.keys, sort_key) + " " + astring(sort.charset);
    for (const auto& key : sort.program.keys) text += " " + search_key(key);
    return text;
  }
  std::string operator()(const Thread& thread) const {
    std::string text;
    switch (thread.algorithm) {
      case Thread::Algorithm::OrderedSubject: text = " ORDEREDSUBJECT "; break;
      case Thread::Algorithm::References: text = " REFERENCES "; break;
      case Thread::Algorithm::Refs: text = " REFS "; break;
    }
    text += astring(thread.charset);
    for (const auto& key : thread.program.keys) text += " " + search_key(key);
    return text;
  }
  std::string operator()(const Fetch& fetch) const {
    return " " + fetch.set.to_string() + " " + list(fetch.items, fetch_item) +
           modifiers(fetch.modifiers);
  }
  std::string operator()(const Store& store) const {
    if (!store.annotations.empty()) {
      return " " + store.set.to_string() + modifiers(store.modifiers) + " ANNOTATION " +
             annotations(store.annotations);
    }
    std::string item = store.mode == Store::Mode::Add      ? "+FLAGS"
                       : store.mode == Store::Mode::Remove ? "-FLAGS"
                                                           : "FLAGS";
    if (store.echo == Store::Echo::Silent) item += ".SILENT";
    return " " + store.set.to_string() + modifiers(store.modifiers) + " " + item + " " +
           flags(store.flags);
  }
  template <class Body>
  std::string operator()(const Body& body) const {
    if constexpr (requires { body.set; }) {  // COPY, MOVE
      return " " + body.set.to_string() + " " + astring(body.mailbox);
    } else if constexpr (requires { body.mailbox; }) {
      return " " + astring(body.mailbox);
    } else {
      return {};
    }
  }
};

}  // namespace

std::string print(const Command& command) {
  return command.tag + " " + command.name + std::visit(Arguments{}, command.body);
}

Parsing parse_text(std::string_view wire) {
  Input input;
  input.append(wire);
  Framer framer(Framer::kSignedIn);
  while (true) {
    Framed framed = framer.next(input);
    switch (framed.kind) {
      case Framed::Kind::NeedMore: return {{}, "incomplete"};
      case Framed::Kind::Literal: (void)framer.accept_in_memory(); break;
      case Framed::Kind::Data: return {{}, "unexpected data"};
      case Framed::Kind::Rejected: return {{}, framed.tag + "|" + framed.text};
      case Framed::Kind::Command: {
        auto parsed = parse(framed.command);
        if (!parsed) return {{}, parsed.error().tag + "|" + parsed.error().text};
        return {*parsed, {}};
      }
    }
  }
}

}  // namespace waxwing::imap
