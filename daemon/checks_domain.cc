#include "daemon/checks_domain.h"

#include "base/clock.h"
#include "config/load.h"
#include "daemon/administer.h"
#include "daemon/published_records.h"
#include "daemon/unbound_resolver.h"

namespace waxwing {
namespace {

using nlohmann::json;

std::vector<ZoneRecord> records_of(const json& result) {
  std::vector<ZoneRecord> records;
  for (const auto& one : result)
    records.push_back(
        {text_of(one, "name"), text_of(one, "type"), text_of(one, "data"), text_of(one, "text")});
  return records;
}

// The keys that wait for activation.
std::vector<ZoneRecord> next_keys(const json& result) {
  std::vector<ZoneRecord> records;
  for (const auto& key : result) {
    if (text_of(key, "state") != to_string(DomainKey::State::Next)) continue;
    records.push_back({text_of(key, "name") + ".", "TXT", "", text_of(key, "record")});
  }
  return records;
}

struct Findings {
  std::vector<Difference> all;
  std::string source;  // who was asked
};

Result<Findings> compare(const std::string& config, const std::vector<ZoneRecord>& wanted) {
  const auto settings = load_settings(config);
  if (!settings) return fail(settings.error());
  const auto resolver = UnboundResolver::open((*settings)->dns);
  if (!resolver) return fail(resolver.error());
  return Findings{differences(**resolver, SystemClock(), wanted), (*resolver)->source()};
}

std::string lines_of(const std::vector<Difference>& all) {
  std::string text;
  for (const auto& one : all) text += one.name + " " + one.type + ": " + one.sentence + "\n";
  return text;
}

json to_json(const std::vector<Difference>& all) {
  json differences = json::array();
  for (const auto& one : all)
    differences.push_back({{"name", one.name},
                           {"type", one.type},
                           {"difference", one.sentence},
                           {"unknown", one.is_unknown}});
  return differences;
}

}  // namespace

Answer check_domain(const std::string& config, const std::string& domain) {
  const Answer wanted = administer(config, {{"command", "domain dns"}, {"domain", domain}});
  if (wanted.status != 0) return wanted;
  const auto found = compare(config, records_of(wanted.result));
  if (!found) return failed(found.error().text);
  json result = {{"differences", to_json(found->all)}, {"resolver", found->source}};
  const std::string asked = "asked: " + found->source;
  if (found->all.empty())
    return done("the DNS says of " + domain + " what it should\n" + asked, std::move(result));
  Answer answer = failed("the DNS does not say of " + domain + " what `waxwing domain dns " +
                         domain + "` prints:\n" + lines_of(found->all) + asked);
  answer.result = std::move(result);
  return answer;
}

Answer activate_keys(const std::string& config, const std::string& domain) {
  const Answer keys = administer(config, {{"command", "domain keys"}, {"domain", domain}});
  if (keys.status != 0) return keys;
  const auto found = compare(config, next_keys(keys.result));
  if (!found) return failed(found.error().text);
  if (found->all.empty())
    return administer(config, {{"command", "domain keys activate"}, {"domain", domain}});
  Answer answer = failed(
      "the next keys of " + domain +
      " do not sign yet, for the DNS does not show them (--force lets them all the same):\n" +
      lines_of(found->all) + "asked: " + found->source);
  answer.result = {{"differences", to_json(found->all)}, {"resolver", found->source}};
  return answer;
}

}  // namespace waxwing
