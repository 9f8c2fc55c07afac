// Domains, the keys that sign their mail, and what the DNS should say of them.
#include <algorithm>
#include <string>
#include <utility>

#include "auth/domain_keys.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "daemon/commands.h"
#include "daemon/domain_records.h"
#include "daemon/host_certificates.h"
#include "protocols/mail/address.h"

namespace waxwing {

namespace {

using nlohmann::json;

constexpr std::string_view kListDomains = "`waxwing domain list` shows those that there are";

Answer domain_add(World& world, const Request& request) {
  const std::string domain = text_of(request, "domain");
  const std::string target = text_of(request, "target");
  const auto added = target.empty() ? world.directory.add_domain(domain)
                                    : world.directory.add_domain_alias(domain, target);
  if (!added) return refused(added.error());
  if (auto made = world.directory.keys().provide(domain); !made) return refused(made.error());
  return done("domain " + domain +
              (target.empty() ? " added" : " is now another name of " + target) +
              ": `waxwing domain dns " + domain + "` prints the records to publish");
}

Answer domain_remove(World& world, const Request& request) {
  const std::string domain = text_of(request, "domain");
  if (auto removed = world.directory.remove_domain(domain); !removed)
    return refused(removed.error(), removed.error().code == Error::Code::Denied
                                        ? "remove these first"
                                        : kListDomains);
  // Nobody is left who could read what its users shared.
  const auto canonical = mail::canonical_domain(domain);
  const auto gone = world.store.remove_account("@" + canonical.value_or(domain));
  if (!gone && gone.error().code != Error::Code::NotFound) return refused(gone.error());
  return done("domain " + domain + " removed");
}

Answer domain_list(World& world, const Request&) {
  auto domains = world.directory.domains();
  if (!domains) return refused(domains.error());
  std::vector<std::string> lines;
  for (const auto& domain : *domains) {
    const auto target = world.directory.domain_target(domain);
    if (!target) return refused(target.error());
    lines.push_back(domain + (target->empty() ? "" : " -> " + *target));
  }
  return done(join(lines, "\n"), *domains);
}

const char* algorithm_of(const DomainKey& key) {
  return key.type == dkim::KeyType::Rsa ? "rsa-sha256" : "ed25519-sha256";
}

std::string canonical_of(const Request& request) {
  const std::string domain = text_of(request, "domain");
  return mail::canonical_domain(domain).value_or(domain);
}

json describe(const std::string& domain, const DomainKey& key) {
  return {{"selector", key.selector},
          {"algorithm", algorithm_of(key)},
          {"state", to_string(key.state)},
          {"created", key.created},
          {"since", key.since},
          {"name", key.selector + "._domainkey." + domain},
          {"record", key.record}};
}

json describe(const std::string& domain, const std::vector<DomainKey>& keys) {
  json all = json::array();
  for (const auto& key : keys) all.push_back(describe(domain, key));
  return all;
}

std::vector<std::string> selectors(const std::vector<DomainKey>& keys, DomainKey::State state) {
  std::vector<std::string> names;
  for (const auto& key : keys) {
    if (key.state == state) names.push_back(key.selector);
  }
  return names;
}

// "5 minutes", "40 days".
std::string age(std::int64_t seconds) {
  static constexpr std::pair<std::int64_t, const char*> kUnits[] = {
      {24 * 3600, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
  for (const auto& [size, unit] : kUnits) {
    const std::int64_t count = seconds / size;
    if (count > 0) return std::to_string(count) + " " + unit + (count == 1 ? "" : "s");
  }
  return "0 seconds";
}

// A domain of an older Waxwing has none yet: who first looks at its keys has them made. Until then
// its mail leaves unsigned, as before.
Result<std::vector<DomainKey>> keys_of(World& world, const std::string& domain) {
  if (auto made = world.directory.keys().provide(domain); !made) return fail(made.error());
  return world.directory.keys().list(domain);
}

Answer domain_keys(World& world, const Request& request) {
  const std::string domain = canonical_of(request);
  const auto keys = keys_of(world, domain);
  if (!keys) return refused(keys.error(), kListDomains);
  const auto now = unix_seconds(SystemClock().now());
  std::vector<std::vector<std::string>> rows = {{"selector", "algorithm", "state", "since", "age"}};
  for (const auto& key : *keys)
    rows.push_back({key.selector, algorithm_of(key), to_string(key.state), age(now - key.since),
                    age(now - key.created)});
  return done(table(rows), describe(domain, *keys));
}

Answer domain_keys_rotate(World& world, const Request& request) {
  const std::string domain = canonical_of(request);
  if (const auto first = keys_of(world, domain); !first)
    return refused(first.error(), kListDomains);
  const std::string activate = "`waxwing domain keys " + domain + " activate`";
  if (auto made = world.directory.keys().prepare(domain); !made)
    return refused(made.error(), activate + " lets them sign once they are published");
  auto keys = world.directory.keys().list(domain);
  if (!keys) return refused(keys.error());
  std::erase_if(*keys, [](const DomainKey& key) { return key.state != DomainKey::State::Next; });
  std::string text =
      "Publish these records beside those that are there. An hour after every name "
      "server has them,\n" +
      activate + " lets the new keys sign.";
  for (const auto& record : key_records(domain, *keys)) text += "\n" + zone_line(record);
  return done(std::move(text), describe(domain, *keys));
}

Answer domain_keys_activate(World& world, const Request& request) {
  const std::string domain = canonical_of(request);
  const std::string rotate = "`waxwing domain keys " + domain + " rotate` makes some";
  if (auto active = world.directory.keys().activate(domain); !active)
    return refused(active.error(), rotate);
  const auto keys = world.directory.keys().list(domain);
  if (!keys) return refused(keys.error());
  const auto retired = selectors(*keys, DomainKey::State::Retired);
  std::string text = "what " + domain + " sends is now signed by " +
                     join(selectors(*keys, DomainKey::State::Active), " and ");
  if (!retired.empty())
    text +=
        "\nLeave the records of " + join(retired, " and ") +
        " published for a week, until what they signed has arrived;\nthen `waxwing domain keys " +
        domain + " remove SELECTOR` forgets each";
  return done(std::move(text), describe(domain, *keys));
}

Answer domain_keys_remove(World& world, const Request& request) {
  const std::string domain = canonical_of(request);
  const std::string selector = text_of(request, "selector");
  if (auto removed = world.directory.keys().remove(domain, selector); !removed)
    return refused(removed.error(),
                   removed.error().code == Error::Code::Denied
                       ? "let other keys sign first, with rotate and activate"
                       : "`waxwing domain keys " + domain + "` shows those that there are");
  return done("the key " + selector + " is gone: take " + to_lower(selector) + "._domainkey." +
              domain + " out of the DNS");
}

Answer domain_keys_import(World& world, const Request& request) {
  const std::string domain = canonical_of(request);
  const std::string selector = text_of(request, "selector");
  std::string pem = text_of(request, "pem");
  const auto imported = world.directory.keys().import(domain, selector, pem);
  wipe(pem);
  if (!imported)
    return refused(imported.error(), imported.error().code == Error::Code::AlreadyExists
                                         ? "remove it first, or choose another selector"
                                         : kListDomains);
  auto keys = world.directory.keys().list(domain);
  if (!keys) return refused(keys.error());
  std::erase_if(*keys, [&](const DomainKey& key) { return key.selector != to_lower(selector); });
  std::string text = "what " + domain + " sends is now signed by " + to_lower(selector) +
                     "; this must be published:";
  for (const auto& record : key_records(domain, *keys)) text += "\n" + zone_line(record);
  return done(std::move(text), describe(domain, *keys));
}

json to_json(const std::vector<ZoneSection>& sections) {
  json all = json::array();
  for (const auto& section : sections) {
    for (const auto& record : section.records) {
      json one = {{"name", record.name},
                  {"ttl", kZoneTtl},
                  {"type", record.type},
                  {"data", record.data},
                  {"why", section.comment}};
      if (!record.text.empty()) one["text"] = record.text;
      all.push_back(std::move(one));
    }
  }
  return all;
}

Answer domain_dns(World& world, const Request& request) {
  const std::string domain = canonical_of(request);
  auto keys = keys_of(world, domain);
  if (!keys) return refused(keys.error(), kListDomains);
  DomainFacts facts{domain, *std::move(keys), *world.settings, {}};
  if (auto hashes = host_key_hashes(*world.settings)) facts.tls_keys = *std::move(hashes);
  const auto sections = domain_records(facts);
  std::string text = zone_file(sections);
  text.pop_back();  // the last line end is for who prints it
  return done(std::move(text), to_json(sections));
}

}  // namespace

const std::vector<Command>& domain_commands() {
  static const std::vector<Command> commands = {
      {"domain add", domain_add},
      {"domain remove", domain_remove},
      {"domain list", domain_list},
      {"domain keys", domain_keys},
      {"domain keys rotate", domain_keys_rotate},
      {"domain keys activate", domain_keys_activate},
      {"domain keys remove", domain_keys_remove},
      {"domain keys import", domain_keys_import},
      {"domain dns", domain_dns},
  };
  return commands;
}

}  // namespace waxwing
