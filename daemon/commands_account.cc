#include <string>
#include <utility>

#include "base/text.h"
#include "daemon/alias_advice.h"
#include "daemon/commands.h"
#include "protocols/imap/capability.h"
#include "protocols/mail/address.h"

namespace waxwing {

namespace {

using nlohmann::json;

const char* to_string(PopPolicy policy) {
  switch (policy) {
    case PopPolicy::On: return "on";
    case PopPolicy::Off: return "off";
    case PopPolicy::Keep: return "keep";
  }
  return "on";
}

std::string sends(const std::optional<std::uint64_t>& limit) {
  if (!limit) return "as the server has it";
  return *limit == 0 ? "any number" : std::to_string(*limit);
}

std::string days(std::uint32_t days) {
  return days == 0 ? "never" : "after " + std::to_string(days) + " days";
}

json describe(const AccountRecord& account) {
  return {{"address", account.address},
          {"enabled", account.enabled},
          {"scram", account.has_scram},
          {"pop3", to_string(account.pop3)},
          {"quota", account.quota_bytes},
          {"quota_messages", account.quota_messages},
          {"administrator", account.is_administrator},
          {"referral", account.referral},
          {"sends_per_hour", limit_json(account.sends.per_hour)},
          {"sends_per_day", limit_json(account.sends.per_day)},
          {"saves_sent", account.saves_sent},
          {"trash_days", account.cleaning.trash_days},
          {"junk_days", account.cleaning.junk_days},
          {"created", account.created}};
}

Answer account_add(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  if (auto added = world.directory.add_account(address, text_of(request, "password")); !added)
    return refused(added.error(), added.error().code == Error::Code::NotFound
                                      ? "add it first with `waxwing domain add`"
                                      : "`waxwing account passwd` gives it a new password");
  auto account = world.directory.account(address);
  if (!account) return refused(account.error());
  return done("account " + account->address + " added", describe(*account));
}

// Of "secret:1000:1000:Name:/home/of:/bin/sh:extra=1", as a passwd-file has it behind {PLAIN}, the
// secret. A password in clear may hold colons, but hardly ones that look like this.
std::string_view without_fields(std::string_view secret) {
  const auto is_number = [](std::string_view field) {
    return field.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const auto fields = split(secret, ':');
  for (std::size_t i = 1; i + 5 <= fields.size(); ++i) {
    const std::string_view home = fields[i + 3];
    if (!is_number(fields[i]) || !is_number(fields[i + 1])) continue;
    if (!home.empty() && home.front() != '/') continue;
    return secret.substr(0, static_cast<std::size_t>(fields[i].data() - secret.data()) - 1);
  }
  return secret;
}

// One `address:{SCHEME}secret` a line; what follows a further colon is other software's.
Answer account_import(World& world, const Request& request) {
  const std::string text = text_of(request, "lines");
  std::uint64_t added = 0;
  std::vector<std::string> troubles;
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    const auto colon = line.find(':');
    const auto trouble = [&](const std::string& what) {
      troubles.push_back("line " + std::to_string(number) + ": " + what);
    };
    if (colon == std::string_view::npos) {
      trouble("there is no colon between address and password");
      continue;
    }
    std::string_view secret = line.substr(colon + 1);
    // A password in clear may hold colons; hashes never do.
    secret = starts_with_ignoring_case(secret, "{PLAIN}") ? without_fields(secret)
                                                          : secret.substr(0, secret.find(':'));
    if (auto imported = world.directory.import_account(line.substr(0, colon), secret); imported) {
      ++added;
    } else {
      trouble(imported.error().text);
    }
  }
  Answer answer =
      done(std::to_string(added) + " accounts added", {{"added", added}, {"troubles", troubles}});
  if (troubles.empty()) return answer;
  answer.status = 1;
  answer.text +=
      ", " + std::to_string(troubles.size()) + " lines left out:\n" + join(troubles, "\n");
  return answer;
}

Answer account_passwd(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  if (auto set = world.directory.set_password(address, text_of(request, "password")); !set)
    return refused(set.error(), kListAccounts);
  return done("password of " + address + " changed; its sessions end");
}

Answer account_remove(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  const auto account = world.directory.account(address);
  if (!account) {
    // A removal that was cut off half-way may have left the mail.
    const auto parsed = mail::parse_address(address);
    const auto name = parsed ? mail::canonical(*parsed) : std::nullopt;
    const bool is_unknown = account.error().code == Error::Code::NotFound;
    if (is_unknown && name && world.store.remove_account(*name))
      return done("mail of " + *name + " removed; the account was gone already");
    return refused(account.error(), kListAccounts);
  }
  // First nobody can sign in or send to it any more, then the mail goes.
  if (auto removed = world.directory.remove_account(account->address); !removed)
    return refused(removed.error());
  if (auto removed = world.store.remove_account(account->address);
      !removed && removed.error().code != Error::Code::NotFound)
    return refused(removed.error());
  return done("account " + account->address + " and its mail removed" +
              advice_on_old_address(world.directory, account->address));
}

Answer account_list(World& world, const Request&) {
  auto accounts = world.directory.accounts();
  if (!accounts) return refused(accounts.error());
  std::vector<std::vector<std::string>> rows;
  json all = json::array();
  for (const auto& account : *accounts) {
    rows.push_back({account.address, account.enabled ? "enabled" : "disabled",
                    std::string("pop3=") + to_string(account.pop3)});
    all.push_back(describe(account));
  }
  return done(table(rows), std::move(all));
}

std::string limit(std::uint64_t quota) {
  return quota == 0 ? "none" : std::to_string(quota);
}

Answer account_show(World& world, const Request& request) {
  const auto record = world.directory.account(text_of(request, "address"));
  if (!record) return refused(record.error(), kListAccounts);
  json result = describe(*record);
  auto account = world.store.account(record->address);
  if (!account) return refused(account.error());
  auto usage = (*account)->usage();
  if (!usage) return refused(usage.error());
  result["messages"] = usage->messages;
  result["bytes"] = usage->bytes;
  return done(table({{"address", record->address},
                     {"state", record->enabled ? "enabled" : "disabled"},
                     {"messages", std::to_string(usage->messages)},
                     {"bytes", std::to_string(usage->bytes)},
                     {"quota, bytes", limit(record->quota_bytes)},
                     {"quota, messages", limit(record->quota_messages)},
                     {"sends, hour", sends(record->sends.per_hour)},
                     {"sends, day", sends(record->sends.per_day)},
                     {"sent is saved", record->saves_sent ? "yes" : "no"},
                     {"trash is emptied", days(record->cleaning.trash_days)},
                     {"junk is emptied", days(record->cleaning.junk_days)},
                     {"pop3", to_string(record->pop3)},
                     {"hidden", record->hidden.empty() ? "none" : join(record->hidden, ",")},
                     {"administrator", record->is_administrator ? "yes" : "no"},
                     {"referral", record->referral.empty() ? "none" : record->referral},
                     {"scram keys", record->has_scram ? "yes" : "no"}}),
              std::move(result));
}

// "500MiB", "2GB", "1000" (bytes), "none".
std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text == "none") return 0;
  static constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
      {"kib", 1ull << 10}, {"mib", 1ull << 20}, {"gib", 1ull << 30},   {"tib", 1ull << 40},
      {"kb", 1000},        {"mb", 1'000'000},   {"gb", 1'000'000'000}, {"tb", 1'000'000'000'000}};
  const auto unit_at = text.find_first_not_of("0123456789");
  const std::string_view digits = text.substr(0, unit_at);
  const auto number = parse_number(digits, 1ull << 40);
  if (!number) return std::nullopt;
  if (unit_at == std::string_view::npos) return number;
  for (const auto& [unit, factor] : kUnits)
    if (equals_ignoring_case(text.substr(unit_at), unit)) {
      if (*number > (std::uint64_t{1} << 62) / factor) return std::nullopt;
      return *number * factor;
    }
  return std::nullopt;
}

Answer account_quota(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  const auto size = parse_size(text_of(request, "size"));
  if (!size)
    return {2, "\"" + text_of(request, "size") + "\" is no size: write 500MiB, 2GiB or none",
            nullptr};
  const std::string most = request.contains("messages") ? text_of(request, "messages") : "none";
  const auto messages = most == "none" ? std::optional<std::uint64_t>(0) : parse_number(most);
  if (!messages)
    return {2, "\"" + most + "\" is no number of messages: write 100000 or none", nullptr};
  if (auto set = world.directory.set_quota(address, *size, *messages); !set)
    return refused(set.error(), kListAccounts);
  return done("quota of " + address + " set");
}

std::string no_capability(std::string_view name) {
  return "\"" + std::string(name) +
         "\" is no capability that can be hidden: write one that the IMAP command CAPABILITY "
         "tells, "
         "several with commas between them, or none";
}

// "NOTIFY,COMPRESS=DEFLATE"; "none" hides nothing more.
Answer account_hide(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  const std::string text = text_of(request, "capabilities");
  std::vector<std::string> capabilities;
  if (text != "none") {
    for (const auto capability : split(text, ',')) {
      if (!imap::is_capability(capability)) return {2, no_capability(capability), nullptr};
      capabilities.emplace_back(capability);
    }
  }
  if (auto set = world.directory.set_hidden(address, capabilities); !set)
    return refused(set.error(), kListAccounts);
  return done("hidden from new sessions of " + address + ": " + text);
}

// Without a URL it shows what there is.
Answer account_referral(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  if (request.contains("url")) {
    const std::string url = text_of(request, "url");
    const auto set = world.directory.set_referral(address, url == "none" ? "" : url);
    if (!set) return refused(set.error(), kListAccounts);
  }
  const auto record = world.directory.account(address);
  if (!record) return refused(record.error(), kListAccounts);
  return done(record->referral.empty()
                  ? "IMAP clients of " + record->address + " are sent nowhere"
                  : "IMAP clients of " + record->address + " are sent to " + record->referral,
              describe(*record));
}

Answer account_enable(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  if (auto set = world.directory.enable_account(address); !set)
    return refused(set.error(), kListAccounts);
  return done("account " + address + " enabled");
}

Answer account_disable(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  if (auto set = world.directory.disable_account(address); !set)
    return refused(set.error(), kListAccounts);
  return done("account " + address + " disabled; its sessions end");
}

Answer account_rename(World& world, const Request& request) {
  const auto before = world.directory.account(text_of(request, "address"));
  if (!before) return refused(before.error(), kListAccounts);
  const std::string to = text_of(request, "to");
  if (auto renamed = world.directory.rename_account(before->address, to); !renamed)
    return refused(renamed.error());
  const auto after = world.directory.account(to);
  if (!after) return refused(after.error());
  auto moved = world.store.rename_account(before->address, after->address);
  if (!moved && moved.error().code != Error::Code::NotFound) {
    // Neither half may stand alone: the old name gets its account back.
    const auto undone = world.directory.rename_account(after->address, before->address);
    return failed(moved.error().text +
                  (undone ? "" : "; and the account now has the new name: rename it back"));
  }
  return done("account " + before->address + " is now " + after->address +
                  advice_on_old_address(world.directory, before->address, after->address),
              describe(*after));
}

Answer account_pop3(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  const std::string policy = text_of(request, "policy");
  for (const PopPolicy one : {PopPolicy::On, PopPolicy::Off, PopPolicy::Keep}) {
    if (policy != to_string(one)) continue;
    if (auto set = world.directory.set_pop3(address, one); !set)
      return refused(set.error(), kListAccounts);
    return done("pop3 of " + address + " is " + policy);
  }
  return {2, "\"" + policy + "\" is no POP3 policy: write on, off or keep", nullptr};
}

// Of its domain.
Answer account_admin(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  const std::string state = text_of(request, "state");
  if (state != "on" && state != "off") {
    return {2, "\"" + state + "\" is neither on nor off", nullptr};
  }
  if (auto set = world.directory.set_administrator(address, state == "on"); !set)
    return refused(set.error(), kListAccounts);
  return done(address + (state == "on" ? " may now administer its domain by IMAP"
                                       : " administers nothing any more; its sessions end"));
}

}  // namespace

const std::vector<Command>& account_commands() {
  static const std::vector<Command> commands = {
      {"account add", account_add},           {"account import", account_import},
      {"account passwd", account_passwd},     {"account remove", account_remove},
      {"account list", account_list},         {"account show", account_show},
      {"account quota", account_quota},       {"account hide", account_hide},
      {"account referral", account_referral}, {"account enable", account_enable},
      {"account disable", account_disable},   {"account rename", account_rename},
      {"account pop3", account_pop3},         {"account admin", account_admin},
  };
  return commands;
}

}  // namespace waxwing
