#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "daemon/alias_advice.h"
#include "daemon/commands.h"

namespace waxwing {
namespace {

using nlohmann::json;

Answer alias_add(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  std::vector<std::string> targets;
  for (const auto& target : request.value("targets", json::array()))
    if (target.is_string()) targets.push_back(target.get<std::string>());
  if (address.starts_with("*@")) {
    return {
        2,
        "\"*\" is a name like any other: for all that nobody else has, write " + address.substr(1),
        nullptr};
  }
  const std::string alias = canonical_alias(address);
  const auto before = targets_of(world.directory, alias);
  if (auto added = world.directory.add_alias(address, targets); !added)
    return refused(added.error());
  std::string text = "alias " + address + " leads to " + join(targets, ", ");
  if (!before.empty() && before != targets_of(world.directory, alias))
    text += " and no longer to what it led to before, " + join(before, ", ");
  return done(text + advice_on_targets(world.directory, alias, targets));
}

Answer alias_remove(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  if (auto removed = world.directory.remove_alias(address); !removed)
    return refused(removed.error(), "`waxwing alias list` shows those that there are");
  return done("alias " + address + " removed");
}

Answer alias_list(World& world, const Request&) {
  auto aliases = world.directory.aliases();
  if (!aliases) return refused(aliases.error());
  std::vector<std::vector<std::string>> rows;
  json all = json::array();
  for (const auto& alias : *aliases) {
    rows.push_back({alias.address, join(alias.targets, ", ")});
    all.push_back({{"address", alias.address}, {"targets", alias.targets}});
  }
  return done(table(rows), std::move(all));
}

}  // namespace

const std::vector<Command>& alias_commands() {
  static const std::vector<Command> commands = {
      {"alias add", alias_add},
      {"alias remove", alias_remove},
      {"alias list", alias_list},
  };
  return commands;
}

}  // namespace waxwing
