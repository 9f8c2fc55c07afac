#include "config/load_trust.h"

#include <algorithm>

#include "base/text.h"

namespace waxwing {
namespace {

using Action = Settings::SenderPolicy::Action;

bool read_action(Section& section, const std::string& key, Action& action) {
  return section.choice<Action>(
      key, action,
      {{"tag", Action::Tag}, {"quarantine", Action::Quarantine}, {"reject", Action::Reject}});
}

void read_domain(Section& entry, Settings::SenderPolicy& policy) {
  Settings::SenderPolicy::Domain domain;
  const auto name = entry.text("domain");
  if (!name) entry.mistake(entry.mark(), "sender_policy.domains: an entry needs a domain");
  if (name && !is_host_name(name->text)) {
    entry.mistake(name->mark, "sender_policy.domains: \"" + printable(name->text) +
                                  "\" is not a domain; write one with letters outside ASCII as "
                                  "A-labels (xn--...)");
  }
  Action action = Action::Tag;
  if (read_action(entry, "dmarc", action)) domain.dmarc = action;
  if (read_action(entry, "spf", action)) domain.spf = action;
  if (!name) return;
  domain.domain = to_lower(name->text);
  policy.domains.push_back(std::move(domain));
}

}  // namespace

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (const auto label : split(name, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; })) {
      return false;
    }
  }
  return true;
}

void read_networks(Section& section, const std::string& key, std::vector<IpNetwork>& networks) {
  const auto given = section.texts(key);
  if (!given) return;
  for (const auto& text : *given) {
    if (const auto network = IpNetwork::parse(text.text)) {
      networks.push_back(*network);
    } else {
      section.mistake(text.mark, section.full(key) + ": \"" + printable(text.text) +
                                     "\" is not a network, as in 192.0.2.0/24 or 2001:db8::/32, "
                                     "or an IP address");
    }
  }
}

void read_contact(Section& section, std::string& contact) {
  const auto given = section.text("contact");
  if (!given) return;
  contact = given->text;
  const auto at = contact.rfind('@');
  const bool is_address = at != std::string::npos && at > 0 && is_ascii(contact) &&
                          contact.find_first_of(" \t\r\n<>\"") == std::string::npos &&
                          is_host_name(std::string_view(contact).substr(at + 1));
  if (is_address) return;
  section.mistake(given->mark, section.full("contact") + ": \"" + printable(contact) +
                                   "\" is not an address, as in postmaster@example.org");
}

void read_sender_policy(Section section, Settings& settings) {
  auto& policy = settings.sender_policy;
  section.flag("verify", policy.verify);
  read_action(section, "dmarc", policy.dmarc);
  read_action(section, "spf", policy.spf);
  if (auto domains = section.sections("domains")) {
    for (auto& each : *domains) read_domain(each, policy);
  }
  const auto sealers = section.texts("trusted_sealers");
  if (!sealers) return;
  for (const auto& sealer : *sealers) {
    if (!is_host_name(sealer.text)) {
      section.mistake(sealer.mark, "sender_policy.trusted_sealers: \"" + printable(sealer.text) +
                                       "\" is not a domain");
    }
    policy.trusted_sealers.push_back(to_lower(sealer.text));
  }
}

void read_dmarc_reports(Section section, Settings& settings) {
  auto& reports = settings.dmarc_reports;
  section.flag("send", reports.send);
  read_contact(section, reports.contact);
  if (const auto name = section.text("organization")) reports.organization = name->text;
}

}  // namespace waxwing
