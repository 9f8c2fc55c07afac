#include "protocols/imap/extensions_used.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace waxwing::imap {
namespace {

using Key = SearchKey::Kind;

constexpr std::pair<Key, std::string_view> kKeyExtensions[] = {
    {Key::ModSeq, "CONDSTORE"},     {Key::EmailId, "OBJECTID"}, {Key::ThreadId, "OBJECTID"},
    {Key::SavedBefore, "SAVEDATE"}, {Key::SavedOn, "SAVEDATE"}, {Key::SavedSince, "SAVEDATE"},
    {Key::Older, "WITHIN"},         {Key::Younger, "WITHIN"},   {Key::Fuzzy, "SEARCH=FUZZY"},
};

constexpr std::pair<std::string_view, std::string_view> kModifiers[] = {
    {"CONDSTORE", "CONDSTORE"}, {"CHANGEDSINCE", "CONDSTORE"}, {"UNCHANGEDSINCE", "CONDSTORE"},
    {"QRESYNC", "QRESYNC"},     {"VANISHED", "QRESYNC"},       {"PARTIAL", "PARTIAL"},
};

bool has_saved_set(const SearchKey& key) {
  return key.set.is_saved() || std::ranges::any_of(key.keys, has_saved_set);
}

class Uses {
 public:
  std::vector<std::string> take() { return std::move(names_); }

  void operator()(const Authenticate& command) {
    add("AUTH=" + command.mechanism);
    add_if(command.initial.has_value(), "SASL-IR");
  }
  void operator()(const Select& command) { add_modifiers(command.modifiers); }
  void operator()(const Create& command) {
    add_if(!command.special_use.empty(), "CREATE-SPECIAL-USE");
  }
  void operator()(const List& command) {
    add_if(command.is_extended, "LIST-EXTENDED");
    add_if(command.selection.special_use || command.returns.special_use, "SPECIAL-USE");
    add_if(command.returns.my_rights, "LIST-MYRIGHTS");
    add_if(!command.returns.metadata.empty(), "LIST-METADATA");
    add_if(!command.returns.status.empty(), "LIST-STATUS");
    add_items(command.returns.status);
  }
  void operator()(const Status& command) { add_items(command.items); }
  void operator()(const Append& command) {
    add_if(command.messages.size() > 1, "MULTIAPPEND");
    for (const AppendMessage& message : command.messages) {
      add_if(message.is_catenated, "CATENATE");
      for (const AppendPart& part : message.parts) {
        add_if(part.kind == AppendPart::Kind::Utf8, "UTF8=ACCEPT");
        add_if(part.is_binary && part.kind == AppendPart::Kind::Text, "BINARY");
      }
    }
  }
  void operator()(const Replace& command) { (*this)(command.append); }
  void operator()(const Search& command) {
    add_if(command.returns.has_value(), "ESEARCH");
    add_return(command.returns);
    add_keys(command.program);
  }
  void operator()(const MultiSearch& command) {
    add_return(command.returns);
    add_keys(command.program);
  }
  void operator()(const Sort& command) {
    add_if(command.returns.has_value(), "ESORT");
    add_return(command.returns);
    for (const SortKey& key : command.keys) {
      add_if(key.kind == SortKey::Kind::DisplayFrom || key.kind == SortKey::Kind::DisplayTo,
             "SORT=DISPLAY");
      add_if(key.kind == SortKey::Kind::Relevancy, "SEARCH=FUZZY");
    }
    add_keys(command.program);
  }
  void operator()(const Thread& command) { add_keys(command.program); }
  void operator()(const Fetch& command) {
    add_fetched(command.items);
    add_modifiers(command.modifiers);
    add_if(command.set.is_saved(), "SEARCHRES");
  }
  void operator()(const Notify& command) {
    for (const NotifyGroup& group : command.groups) add_fetched(group.events.items);
  }
  void operator()(const Store& command) {
    add_modifiers(command.modifiers);
    add_if(command.set.is_saved(), "SEARCHRES");
  }
  void operator()(const Copy& command) { add_if(command.set.is_saved(), "SEARCHRES"); }
  void operator()(const Move& command) { add_if(command.set.is_saved(), "SEARCHRES"); }
  // The rest is in the table.
  template <class Other>
  void operator()(const Other&) {}

 private:
  void add(std::string name) {
    if (std::ranges::find(names_, name) == names_.end()) names_.push_back(std::move(name));
  }
  void add_if(bool is_used, const char* name) {
    if (is_used) add(name);
  }

  void add_modifiers(const Modifiers& modifiers) {
    for (const auto& [name, extension] : kModifiers) {
      if (std::ranges::find(modifiers, name, &Modifier::name) != modifiers.end()) {
        add(std::string(extension));
      }
    }
  }
  void add_items(const std::vector<StatusItem>& items) {
    for (const StatusItem item : items) {
      switch (item) {
        case StatusItem::Size: add("STATUS=SIZE"); break;
        case StatusItem::AppendLimit: add("APPENDLIMIT"); break;
        case StatusItem::HighestModSeq: add("CONDSTORE"); break;
        case StatusItem::MailboxId: add("OBJECTID"); break;
        case StatusItem::DeletedStorage: add("QUOTA=RES-STORAGE"); break;
        default: break;
      }
    }
  }
  // PARTIAL and CONTEXT have one syntax for pages: whoever hides the one means the other as well.
  void add_return(const std::optional<SearchReturn>& returns) {
    if (!returns) return;
    add_if(returns->save, "SEARCHRES");
    add_if(returns->partial.has_value(), "PARTIAL");
    add_if(returns->relevancy, "SEARCH=FUZZY");
    add_if(!returns->items.empty(), "NOTIFY");  // RFC 5465 section 7
    add_fetched(returns->items);
  }
  void add_keys(const SearchKey& program) {
    for (const auto& [kind, extension] : kKeyExtensions) {
      if (program.has(kind)) add(std::string(extension));
    }
    add_if(has_saved_set(program), "SEARCHRES");
  }
  void add_fetched(const std::vector<FetchItem>& items) {
    for (const FetchItem& item : items) {
      switch (item.kind) {
        case FetchItem::Kind::ModSeq: add("CONDSTORE"); break;
        case FetchItem::Kind::EmailId:
        case FetchItem::Kind::ThreadId: add("OBJECTID"); break;
        case FetchItem::Kind::SaveDate: add("SAVEDATE"); break;
        case FetchItem::Kind::Binary:
        case FetchItem::Kind::BinarySize: add("BINARY"); break;
        case FetchItem::Kind::Preview: add("PREVIEW"); break;
        default: break;
      }
    }
  }

  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> extensions_used(const Command& command) {
  Uses uses;
  std::visit(uses, command.body);
  return uses.take();
}

}  // namespace waxwing::imap
