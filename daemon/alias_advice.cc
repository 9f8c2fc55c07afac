#include "daemon/alias_advice.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "protocols/mail/address.h"

namespace waxwing {
namespace {

using Aliases = std::map<std::string, std::vector<std::string>>;

Aliases all_aliases(Directory& directory) {
  Aliases all;
  for (auto& alias : directory.aliases().value_or(std::vector<AliasRecord>()))
    all.emplace(std::move(alias.address), std::move(alias.targets));
  return all;
}

bool is_nobody(Directory& directory, const std::string& address) {
  const auto route = directory.route(address);
  return route && route->kind == Directory::Route::Kind::Unknown;
}

// Does one come from alias to alias to the other?
bool leads_to(const Aliases& aliases, const std::string& from, const std::string& to) {
  std::vector<std::string> next = {from};
  std::set<std::string> seen;
  while (!next.empty()) {
    const std::string address = std::move(next.back());
    next.pop_back();
    if (address == to) return true;
    const auto found = aliases.find(address);
    if (found == aliases.end() || !seen.insert(address).second) continue;
    next.insert(next.end(), found->second.begin(), found->second.end());
  }
  return false;
}

}  // namespace

std::string canonical_alias(const std::string& address) {
  if (address.starts_with('@')) {
    const auto domain = mail::canonical_domain(address.substr(1));
    return domain ? "@" + *domain : address;
  }
  const auto parsed = mail::parse_address(address);
  return (parsed ? mail::canonical(*parsed) : std::nullopt).value_or(address);
}

std::vector<std::string> targets_of(Directory& directory, const std::string& alias) {
  const auto all = all_aliases(directory);
  const auto found = all.find(alias);
  return found == all.end() ? std::vector<std::string>() : found->second;
}

std::string advice_on_old_address(Directory& directory, const std::string& old_address,
                                  const std::string& renamed) {
  const bool is_lost = is_nobody(directory, old_address);
  std::string text;
  for (const auto& [address, targets] : all_aliases(directory)) {
    if (std::ranges::find(targets, old_address) == targets.end()) continue;
    text += "\nthe alias " + address + " still leads to " + old_address + ", which is " +
            (is_lost ? "nobody" : "somebody else") + " from now on";
    if (renamed.empty())
      text += ": `waxwing alias add` gives it other targets, `waxwing alias remove` ends it";
  }
  if (is_lost && !renamed.empty())
    text += "\nmail to " + old_address + " is refused from now on: `waxwing alias add " +
            old_address + " " + renamed + "` keeps it";
  return text;
}

std::string advice_on_targets(Directory& directory, const std::string& alias,
                              const std::vector<std::string>& targets) {
  const auto aliases = all_aliases(directory);
  std::string text;
  for (const auto& target : targets) {
    if (!is_nobody(directory, target)) continue;
    const std::string name = canonical_alias(target);
    text += "\n" + target;
    if (name == alias) {
      text += " leads to itself and to nobody, so nothing arrives there";
    } else if (leads_to(aliases, name, alias)) {
      text += " and " + alias + " lead to each other and to nobody, so nothing arrives there";
    } else if (aliases.contains(name)) {
      text += " is an alias that leads to nobody, so nothing arrives there";
    } else {
      text += " is nobody here, so nothing arrives there until you add it";
    }
  }
  return text;
}

}  // namespace waxwing
