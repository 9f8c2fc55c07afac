#include "daemon/sender_policy.h"

#include <algorithm>

#include "auth/authentication_results.h"
#include "base/text.h"
#include "protocols/mail/address.h"
#include "protocols/mail/header.h"

namespace waxwing {
namespace {

using Action = Settings::SenderPolicy::Action;
using smtp::Reply;

constexpr std::size_t kMaxReason = 160;

struct Actions {
  Action dmarc, spf;
};

Actions actions_for(const Settings::SenderPolicy& policy, std::string_view address) {
  const std::string_view written = address.substr(address.rfind('@') + 1);
  const std::string domain = mail::canonical_domain(written).value_or(to_lower(written));
  for (const auto& each : policy.domains) {
    if (each.domain == domain)
      return {each.dmarc.value_or(policy.dmarc), each.spf.value_or(policy.spf)};
  }
  return {policy.dmarc, policy.spf};
}

Action as_action(dmarc::Policy policy) {
  switch (policy) {
    case dmarc::Policy::None: return Action::Tag;
    case dmarc::Policy::Quarantine: return Action::Quarantine;
    case dmarc::Policy::Reject: return Action::Reject;
  }
  return Action::Tag;
}

bool is_author_unknown(const SenderVerdicts& found) {
  return found.dmarc.result == AuthResult::PermError && found.dmarc.domain.empty();
}

// Nobody has published what is to be done, or what they published cannot be read.
bool is_without_policy(const SenderVerdicts& found) {
  return found.dmarc.result == AuthResult::None ||
         (found.dmarc.result == AuthResult::PermError && !found.dmarc.domain.empty());
}

// What is done for one recipient.
Action action_for(const Actions& wanted, const SenderVerdicts& found) {
  if (is_author_unknown(found)) return std::min(wanted.dmarc, Action::Quarantine);
  if (found.dmarc.result == AuthResult::Fail)
    return std::min(wanted.dmarc, as_action(found.dmarc.disposition));
  if (is_without_policy(found) && found.mail_from.result == AuthResult::Fail) return wanted.spf;
  return Action::Tag;
}

// RFC 7372 section 3
Reply refusal(const SenderVerdicts& found) {
  if (found.dmarc.result == AuthResult::Fail) {
    return {550, "5.7.26",
            "Neither SPF nor DKIM proves that this is from " + found.dmarc.domain +
                ", and that domain asks to refuse such mail (DMARC)"};
  }
  std::string text = "SPF: " + found.mail_from.domain + " does not send mail from this address";
  if (!found.mail_from.explanation.empty())
    text += ". It says: " + printable(found.mail_from.explanation, kMaxReason);
  return {550, "5.7.23", text};
}

// RFC 6376 section 6.3, RFC 7372 section 3.2
Reply later(const SenderVerdicts& found) {
  const bool is_spf = found.mail_from.result == AuthResult::TempError;
  return {
      451, is_spf ? "4.7.24" : "4.7.5",
      "The DNS does not say now whether this is from " + found.dmarc.domain + ", please try again"};
}

bool is_of(const std::string& author, std::string_view address_or_domain,
           const PublicSuffixes& suffixes) {
  const auto at = address_or_domain.rfind('@');
  const auto domain = mail::canonical_domain(
      at == std::string_view::npos ? address_or_domain : address_or_domain.substr(at + 1));
  return domain &&
         suffixes.organizational_domain(*domain) == suffixes.organizational_domain(author);
}

// Did whoever wrote this find the author proved?
bool proves(const AuthenticationResults& results, const std::string& author,
            const PublicSuffixes& suffixes) {
  bool has_dmarc = false, is_proved = false;
  for (const auto& method : results.methods) {
    const bool passed = method.result == "pass";
    if (method.name == "dmarc") {
      has_dmarc = true;
      if (passed && is_of(author, method.find("header.from"), suffixes)) return true;
    } else if (method.name == "spf") {
      is_proved |= passed && is_of(author, method.find("smtp.mailfrom"), suffixes);
    } else if (method.name == "dkim") {
      is_proved |= passed && (is_of(author, method.find("header.d"), suffixes) ||
                              is_of(author, method.find("header.i"), suffixes));
    }
  }
  return !has_dmarc && is_proved;
}

// What stands behind "i=1;" in an ARC-Authentication-Results field.
std::optional<AuthenticationResults> read_results(std::string_view field) {
  const auto value = mail::unfold(field.substr(std::min(field.find(':') + 1, field.size())));
  const auto end = value.find(';');
  if (end == std::string::npos) return std::nullopt;
  return parse_authentication_results(std::string_view(value).substr(end + 1));
}

using Method = AuthenticationResults::Method;

Method method_of(std::string name, AuthResult result, std::string_view reason) {
  const bool is_plain = result == AuthResult::Pass || result == AuthResult::None;
  return {std::move(name),
          std::string(to_string(result)),
          is_plain ? "" : std::string(reason.substr(0, kMaxReason)),
          {}};
}

void add_property(Method& method, std::string name, std::string value) {
  if (!value.empty()) method.properties.push_back({std::move(name), std::move(value)});
}

}  // namespace

SenderDecision decide(const Settings::SenderPolicy& policy, const PublicSuffixes& suffixes,
                      const SenderVerdicts& found, const smtp::MailEnvelope& envelope) {
  SenderDecision decision;
  decision.is_vouched_for = found.dmarc.result != AuthResult::Pass &&
                            is_vouched_for(policy.trusted_sealers, suffixes, found);
  if (decision.is_vouched_for) return decision;
  const bool is_undecided =
      found.dmarc.result == AuthResult::TempError && found.dmarc.policy != dmarc::Policy::None;
  bool all_refuse = !envelope.recipients.empty();
  for (const auto& recipient : envelope.recipients) {
    const Actions wanted = actions_for(policy, recipient.address);
    if (is_undecided && wanted.dmarc != Action::Tag) {
      decision.refusal = later(found);
      return decision;
    }
    const Action action = action_for(wanted, found);
    all_refuse = all_refuse && action == Action::Reject;
    decision.to_junk.push_back(action != Action::Tag);
  }
  if (all_refuse) {
    decision.refusal = refusal(found);
    decision.disposition = dmarc::Policy::Reject;
  } else if (std::ranges::find(decision.to_junk, true) != decision.to_junk.end()) {
    decision.disposition = dmarc::Policy::Quarantine;
  }
  return decision;
}

bool is_vouched_for(const std::vector<std::string>& trusted_sealers, const PublicSuffixes& suffixes,
                    const SenderVerdicts& found) {
  if (found.arc.result != AuthResult::Pass || found.dmarc.domain.empty()) return false;
  const arc::Verdict::Seal* first = nullptr;
  for (auto seal = found.arc.seals.rbegin(); seal != found.arc.seals.rend(); ++seal) {
    if (std::ranges::find(trusted_sealers, seal->domain) == trusted_sealers.end()) break;
    first = &*seal;
  }
  if (first == nullptr) return false;
  const auto results = read_results(first->results_field);
  return results && proves(*results, found.dmarc.domain, suffixes);
}

std::string authentication_results(const SentMessage& sent, const SenderVerdicts& found,
                                   const SenderDecision& decision) {
  AuthenticationResults results;
  results.server = sent.receiver;
  const std::string address = sent.origin.peer.address.to_string();
  results.methods.push_back(method_of("iprev", found.reverse.result, found.reverse.reason));
  add_property(results.methods.back(), "policy.iprev", address);
  if (!sent.envelope.sender.empty()) {
    results.methods.push_back(method_of("spf", found.mail_from.result, found.mail_from.reason));
    add_property(results.methods.back(), "smtp.mailfrom", sent.envelope.sender);
  }
  results.methods.push_back(method_of("spf", found.helo.result, found.helo.reason));
  add_property(results.methods.back(), "smtp.helo", sent.origin.helo);
  if (found.dkim.empty()) results.methods.push_back(method_of("dkim", AuthResult::None, ""));
  for (const auto& each : found.dkim) {
    Method method = method_of("dkim", each.result, each.reason);
    add_property(method, "header.d", each.domain);
    add_property(method, "header.s", each.selector);
    add_property(method, "header.a", each.algorithm);
    add_property(method, "header.b", each.start);
    results.methods.push_back(std::move(method));
  }
  Method dmarc = method_of("dmarc", found.dmarc.result, found.dmarc.reason);
  if (decision.is_vouched_for)
    dmarc.reason += "; accepted for arc=pass by " + found.arc.seals.back().domain;
  add_property(dmarc, "header.from", found.dmarc.domain);
  const bool has_failed = found.dmarc.result == AuthResult::Fail;
  if (!found.dmarc.record.empty())
    add_property(dmarc, "policy.dmarc",
                 std::string(to_string(has_failed ? found.dmarc.disposition : found.dmarc.policy)));
  results.methods.push_back(std::move(dmarc));
  results.methods.push_back(method_of("arc", found.arc.result, found.arc.reason));
  add_property(results.methods.back(), "smtp.remote-ip", address);
  return print(results);
}

}  // namespace waxwing
