// Messages into mailboxes and out of them, for `mailbox import` and `mailbox export`: the command
// line reads and writes the files, which the server may not.
#include <algorithm>
#include <array>
#include <mutex>

#include "base/encoding.h"
#include "base/fd.h"
#include "daemon/commands.h"
#include "daemon/known_messages.h"
#include "storage/mailbox_name.h"

namespace waxwing {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxTaken = 500;
// Of a request for keys: nothing else is to wait long.
constexpr std::uint64_t kMaxRead = 64 << 20;
constexpr std::uint64_t kLeastRead = 8 << 10;

Result<std::shared_ptr<Account>> account_of(World& world, const Request& request) {
  auto record = world.directory.account(text_of(request, "address"));
  if (!record) return fail(record.error());
  return world.store.account(record->address);
}

FlagChange to_flags(const json& names) {
  FlagChange flags{FlagChange::Mode::Replace, 0, {}};
  for (const auto& name : names) {
    const std::string text = name.is_string() ? name.get<std::string>() : std::string();
    const auto* known = std::ranges::find(kSystemFlags, text, &SystemFlag::name);
    if (known != std::end(kSystemFlags)) {
      flags.system |= known->bit;
    } else if (!text.empty() && text[0] != '\\') {
      flags.keywords.push_back(text);
    }
  }
  return flags;
}

json names_of(Flags flags, const std::vector<std::string>& keywords) {
  json names = json::array();
  for (const auto& [name, bit] : kSystemFlags) {
    if (flags.has(bit)) names.push_back(name);
  }
  for (std::size_t k = 0; k < keywords.size(); ++k) {
    if (flags.has_keyword(static_cast<int>(k))) names.push_back(keywords[k]);
  }
  return names;
}

// Whoever looks at what is there and then puts in what is not has an account's mailboxes for
// himself: the request of a command that was killed may still run while it is repeated.
std::mutex& turn_of(const std::string& address) {
  static std::array<std::mutex, 16> turns;
  return turns[std::hash<std::string>{}(address) % turns.size()];
}

// What is in the files of a mailbox, by message: those behind a UID, until so many octets are read.
Result<json> keys_behind(Mailbox& mailbox, Uid last, std::uint64_t room) {
  const auto view = mailbox.view();
  std::uint64_t size = 0;
  json keys = json::array();
  for (std::size_t n = view->lower_bound(last + 1); n < view->size(); ++n) {
    const MessageRow& row = (*view)[n];
    if (size > room) break;
    last = row.uid;
    auto file = mailbox.open(row.uid);
    if (!file && file.error().code == Error::Code::NotFound) continue;
    if (!file) return fail(file.error());
    std::string text(static_cast<std::size_t>(file->size), '\0');
    if (read_at(*file->file, 0, text) != static_cast<ssize_t>(text.size())) {
      return fail(Error::Code::Temporary, "UID " + std::to_string(row.uid) + " cannot be read");
    }
    // An entry is work, too.
    size += text.size() + kLeastRead;
    keys.push_back({{"uid", row.uid}, {"key", message_key(text)}});
  }
  return json{{"uid_next", view->uid_next()}, {"last", last}, {"keys", std::move(keys)}};
}

Answer mailbox_keys(World& world, const Request& request) {
  auto account = account_of(world, request);
  if (!account) return failed(account.error().text);
  const std::lock_guard turn(turn_of((*account)->address()));
  auto mailbox = (*account)->mailbox(text_of(request, "mailbox"));
  if (!mailbox) return failed(mailbox.error().text);
  auto keys = keys_behind(**mailbox, request.value("after", Uid{0}), kMaxRead);
  if (!keys) return failed(keys.error().text);
  return done("", std::move(*keys));
}

struct Put {
  KnownMessages known;  // what came since the command looked
  std::size_t stored = 0;
  std::size_t renumbered = 0;  // of these
};

Result<Uid> append_message(World& world, Mailbox& mailbox, const json& message, Put& put) {
  const auto text = from_base64(message.value("text", std::string()));
  if (!text) return fail(Error::Code::Invalid, "the message is no base64");
  const Uid uid = message.value("uid", Uid{0});
  using Verdict = KnownMessages::Verdict;
  const auto verdict = put.known.meet(*text, uid);
  if (verdict == Verdict::InPlace) return uid;
  if (verdict == Verdict::Known) return Uid{0};
  Mailbox::AppendOptions options;
  options.flags = to_flags(message.value("flags", json::array()));
  options.internal_date = from_unix_seconds(message.value("date", std::int64_t{0}));
  // Its UID may be taken by now; it gets another then.
  const bool is_free = uid >= mailbox.view()->uid_next();
  if (uid != 0 && is_free) options.uid = uid;
  auto staged = world.store.stage(text->size());
  if (!staged) return fail(staged.error());
  if (auto done = (*staged)->append(*text); !done) return fail(done.error());
  (*staged)->finish();
  const auto got = mailbox.append(**staged, options);
  if (!got) return fail(got.error());
  ++put.stored;
  if (uid != 0 && !is_free) ++put.renumbered;
  return *got;
}

// A message without text is there already, and gets its id of POP3.
Outcome put_message(World& world, Mailbox& mailbox, const json& message, Put& put) {
  auto uid = message.contains("text") ? append_message(world, mailbox, message, put)
                                      : Result<Uid>(message.value("uid", Uid{0}));
  if (!uid) return fail(uid.error());
  const std::string uidl = message.value("uidl", std::string());
  if (uidl.empty() || !mailbox.view()->find(*uid)) return {};
  const std::vector<std::pair<Uid, std::string>> uidls = {{*uid, uidl}};
  return mailbox.set_uidls(uidls);
}

Answer mailbox_put(World& world, const Request& request) {
  auto account = account_of(world, request);
  if (!account) return failed(account.error().text);
  const std::lock_guard turn(turn_of((*account)->address()));
  const std::string name = text_of(request, "mailbox");
  const auto uid_validity = request.value("uid_validity", std::uint32_t{0});
  auto mailbox = (*account)->mailbox(name);
  // One that had the name before there were such stays where it is.
  if (const auto may = may_be_made(**account, name); !may && !mailbox) {
    Answer answer = failed(may.error().text);
    answer.result = {{"bad_name", true}};
    return answer;
  }
  if (uid_validity != 0) mailbox = (*account)->import_mailbox(name, uid_validity);
  if (!mailbox && mailbox.error().code == Error::Code::NotFound) {
    mailbox = (*account)->create(name);
  }
  if (!mailbox) {
    Answer answer = failed(name + ": " + mailbox.error().text);
    const bool is_bad_name =
        mailbox.error().code == Error::Code::Limit || !canonical_name(name).has_value();
    if (is_bad_name) answer.result = {{"bad_name", true}};
    return answer;
  }
  Put put;
  const Uid seen = request.value("seen", Uid{0});  // the lowest UID that is new to the command
  if (seen != 0 && (*mailbox)->view()->uid_next() != seen) {
    auto keys = keys_behind(**mailbox, seen - 1, UINT64_MAX);
    if (!keys) return failed(name + ": " + keys.error().text);
    put.known.add(*keys);
  }
  for (const auto& message : request.value("messages", json::array())) {
    if (auto done = put_message(world, **mailbox, message, put); !done) {
      return failed(name + ": " + done.error().text);
    }
  }
  return done("", {{"stored", put.stored},
                   {"renumbered", put.renumbered},
                   {"uid_next", (*mailbox)->view()->uid_next()}});
}

// The next messages of a mailbox behind a UID, up to so many octets.
Answer mailbox_take(World& world, const Request& request) {
  auto account = account_of(world, request);
  if (!account) return failed(account.error().text);
  auto mailbox = (*account)->mailbox(text_of(request, "mailbox"));
  if (!mailbox) return failed(mailbox.error().text);
  const auto view = (*mailbox)->view();
  const Uid after = request.value("after", Uid{0});
  const auto room = request.value("bytes", std::uint64_t{1} << 20);
  json messages = json::array();
  std::vector<Uid> uids;
  std::uint64_t size = 0;
  Uid last = after;
  for (std::size_t n = view->lower_bound(after + 1); n < view->size(); ++n) {
    const MessageRow& row = (*view)[n];
    if (!messages.empty() && (size + row.size > room || messages.size() == kMaxTaken)) break;
    last = row.uid;
    auto file = (*mailbox)->open(row.uid);
    if (!file && file.error().code == Error::Code::NotFound) continue;
    if (!file) return failed(file.error().text);
    std::string text(static_cast<std::size_t>(file->size), '\0');
    if (read_at(*file->file, 0, text) != static_cast<ssize_t>(text.size())) {
      return failed("UID " + std::to_string(row.uid) + " cannot be read");
    }
    size += row.size;
    uids.push_back(row.uid);
    messages.push_back({{"uid", row.uid},
                        {"date", row.internal_date},
                        {"flags", names_of(row.flags, view->keywords())},
                        {"text", base64(text)}});
  }
  const auto uidls = (*mailbox)->uidls(uids);
  if (!uidls) return failed(uidls.error().text);
  for (std::size_t n = 0; n < uids.size(); ++n) messages[n]["uidl"] = (*uidls)[n];
  return done("", {{"uid_validity", (*mailbox)->uid_validity()},
                   {"uid_next", view->uid_next()},
                   {"last", last},
                   {"messages", std::move(messages)}});
}

Answer mailbox_subscriptions(World& world, const Request& request) {
  auto account = account_of(world, request);
  if (!account) return failed(account.error().text);
  const auto wanted = request.find("subscriptions");
  if (wanted != request.end() && wanted->is_array()) {
    auto mailboxes = (*account)->mailboxes();
    if (!mailboxes) return failed(mailboxes.error().text);
    for (const auto& mailbox : *mailboxes) {
      if (mailbox.subscribed) (void)(*account)->unsubscribe(mailbox.name);
    }
    for (const auto& name : *wanted) {
      if (name.is_string()) (void)(*account)->subscribe(name.get<std::string>());
    }
  }
  json names = json::array();
  auto mailboxes = (*account)->mailboxes();
  if (!mailboxes) return failed(mailboxes.error().text);
  for (const auto& mailbox : *mailboxes) {
    if (mailbox.subscribed) names.push_back(mailbox.name);
  }
  return done("", std::move(names));
}

}  // namespace

const std::vector<Command>& transport_commands() {
  static const std::vector<Command> commands = {
      {"mailbox put", mailbox_put},
      {"mailbox keys", mailbox_keys},
      {"mailbox take", mailbox_take},
      {"mailbox subscriptions", mailbox_subscriptions},
  };
  return commands;
}

}  // namespace waxwing
