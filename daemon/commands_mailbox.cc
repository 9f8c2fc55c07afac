#include <utility>

#include "daemon/commands.h"

namespace waxwing {

namespace {

using nlohmann::json;

Result<std::string> canonical(World& world, const Request& request) {
  auto account = world.directory.account(text_of(request, "address"));
  if (!account) return fail(account.error());
  return account->address;
}

Answer mailbox_list(World& world, const Request& request) {
  const auto address = canonical(world, request);
  if (!address) return failed(address.error().text);
  auto account = world.store.account(*address);
  if (!account) return failed(account.error().text);
  auto mailboxes = (*account)->mailboxes();
  if (!mailboxes) return failed(mailboxes.error().text);
  std::vector<std::vector<std::string>> rows;
  json all = json::array();
  for (const auto& mailbox : *mailboxes) {
    if (mailbox.id.value == 0) continue;  // a level without messages of its own
    auto status = (*account)->status(mailbox.name);
    if (!status) return failed(status.error().text);
    rows.push_back({mailbox.name, std::to_string(status->messages) + " messages",
                    std::to_string(status->unseen) + " unseen",
                    std::to_string(status->size) + " bytes"});
    all.push_back({{"name", mailbox.name},
                   {"messages", status->messages},
                   {"unseen", status->unseen},
                   {"size", status->size}});
  }
  return done(table(rows), std::move(all));
}

Answer mailbox_verify(World& world, const Request& request) {
  const auto address = canonical(world, request);
  if (!address) return failed(address.error().text);
  auto verdict = world.store.verify(*address);
  if (!verdict) return failed(verdict.error().text);
  Answer answer = done(std::to_string(verdict->messages) + " messages, ",
                       {{"messages", verdict->messages}, {"findings", verdict->findings}});
  if (verdict->findings.empty()) {
    answer.text += "all is well";
    return answer;
  }
  answer.status = 1;
  answer.text += std::to_string(verdict->findings.size()) + " findings:";
  for (const std::string& finding : verdict->findings) answer.text += "\n" + finding;
  return answer;
}

Answer mailbox_rebuild(World& world, const Request& request) {
  const auto address = canonical(world, request);
  if (!address) return failed(address.error().text);
  if (auto rebuilt = world.store.rebuild(*address); !rebuilt) return failed(rebuilt.error().text);
  return done("the index of " + *address + " is made anew");
}

}  // namespace

const std::vector<Command>& mailbox_commands() {
  static const std::vector<Command> commands = {
      {"mailbox list", mailbox_list},
      {"mailbox verify", mailbox_verify},
      {"mailbox rebuild", mailbox_rebuild},
  };
  return commands;
}

}  // namespace waxwing
