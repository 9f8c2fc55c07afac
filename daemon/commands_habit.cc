#include <optional>
#include <string>

#include "base/text.h"
#include "daemon/commands.h"
#include "daemon/mail_cleaner.h"

namespace waxwing {
namespace {

constexpr std::uint64_t kMostSends = 1'000'000'000, kMostDays = 36'500;

Answer wrong(const std::string& text, const char* what) {
  return {2, "\"" + printable(text) + "\" is " + what, nullptr};
}

// "500", "none" (any number), "default" (as the server has it). False: none of these.
bool read_limit(const std::string& text, std::optional<std::uint64_t>& limit) {
  if (text == "default") {
    limit.reset();
    return true;
  }
  const auto number =
      text == "none" ? std::optional<std::uint64_t>(0) : parse_number(text, kMostSends);
  if (number) limit = *number;
  return number.has_value();
}

std::string number_of(const std::optional<std::uint64_t>& limit, const char* time) {
  if (!limit) return std::string("as many recipients elsewhere as the server allows ") + time;
  return (*limit == 0 ? "any number of" : std::to_string(*limit)) + " recipients elsewhere " + time;
}

// What is not named stays as it is; without any, they are shown.
Answer account_limits(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  const auto record = world.directory.account(address);
  if (!record) return refused(record.error(), kListAccounts);
  SendLimits limits = record->sends;
  for (const auto& [key, limit] :
       {std::pair("hour", &limits.per_hour), std::pair("day", &limits.per_day)}) {
    if (request.contains(key) && !read_limit(text_of(request, key), *limit))
      return wrong(text_of(request, key), "no number of recipients: write 500, none or default");
  }
  const bool is_asked = !request.contains("hour") && !request.contains("day");
  if (!is_asked) {
    if (auto set = world.directory.set_send_limits(address, limits); !set)
      return refused(set.error(), kListAccounts);
  }
  return done(record->address + " may write to " + number_of(limits.per_hour, "in an hour") +
                  " and to " + number_of(limits.per_day, "in a day"),
              {{"sends_per_hour", limit_json(limits.per_hour)},
               {"sends_per_day", limit_json(limits.per_day)}});
}

Answer account_save_sent(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  const std::string state = text_of(request, "state");
  if (state != "on" && state != "off") return wrong(state, "neither on nor off");
  if (auto set = world.directory.set_saves_sent(address, state == "on"); !set)
    return refused(set.error(), kListAccounts);
  return done(state == "on" ? "what " + address + " sends is put into its Sent"
                            : "what " + address + " sends is left to its mail program to keep");
}

// "30", "never", which 0 means as well.
bool read_days(const std::string& text, std::uint32_t& days) {
  const auto number =
      text == "never" ? std::optional<std::uint64_t>(0) : parse_number(text, kMostDays);
  if (number) days = static_cast<std::uint32_t>(*number);
  return number.has_value();
}

std::string when(std::uint32_t days) {
  if (days == 0) return "never";
  return "after " + std::to_string(days) + (days == 1 ? " day" : " days");
}

// What is not named stays as it is; without any, it is shown.
Answer account_clean(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  const auto record = world.directory.account(address);
  if (!record) return refused(record.error(), kListAccounts);
  Cleaning cleaning = record->cleaning;
  for (const auto& [key, days] :
       {std::pair("trash", &cleaning.trash_days), std::pair("junk", &cleaning.junk_days)}) {
    if (request.contains(key) && !read_days(text_of(request, key), *days))
      return wrong(text_of(request, key), "no number of days: write 30 or never");
  }
  if (request.contains("trash") || request.contains("junk")) {
    if (auto set = world.directory.set_cleaning(address, cleaning); !set)
      return refused(set.error(), kListAccounts);
  }
  if (!request.contains("now"))
    return done("of " + record->address + ", Trash is emptied " + when(cleaning.trash_days) +
                    ", Junk " + when(cleaning.junk_days),
                {{"trash_days", cleaning.trash_days}, {"junk_days", cleaning.junk_days}});
  const auto changed = world.directory.account(address);
  if (!changed) return refused(changed.error(), kListAccounts);
  const SystemClock clock;
  const auto removed = MailCleaner(world.directory, world.store, clock).clean(*changed);
  if (!removed) return failed(removed.error().text);
  return done(std::to_string(*removed) + " messages of " + record->address + " removed",
              {{"removed", *removed}});
}

}  // namespace

const std::vector<Command>& habit_commands() {
  static const std::vector<Command> commands = {
      {"account limits", account_limits},
      {"account save-sent", account_save_sent},
      {"account clean", account_clean},
  };
  return commands;
}

}  // namespace waxwing
