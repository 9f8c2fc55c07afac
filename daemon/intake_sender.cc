#include "daemon/intake_sender.h"

#include <string>

#include "base/crypto.h"
#include "base/log.h"
#include "daemon/sender_policy.h"
#include "daemon/sender_verification.h"
#include "protocols/smtp/reply.h"

namespace waxwing {
namespace {

// Below 100.  RFC 7489 section 6.6.4
unsigned draw_sample() {
  const std::string bytes = random_bytes(4);
  unsigned number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number % 100;
}

std::string dkim_result(const SenderVerdicts& found) {
  for (const auto& each : found.dkim)
    if (each.result == AuthResult::Pass) return "pass";
  return std::string(to_string(found.dkim.empty() ? AuthResult::None : found.dkim[0].result));
}

void write_down(const Candidate& candidate, const SenderVerdicts& found,
                const SenderDecision& decision) {
  log.info("sender", {{"session", candidate.origin.peer.session_id},
                      {"id", candidate.findings.id},
                      {"client", candidate.origin.peer.address.to_string()},
                      {"from", candidate.envelope.sender},
                      {"author", found.dmarc.domain},
                      {"spf", to_string(found.mail_from.result)},
                      {"dkim", dkim_result(found)},
                      {"dmarc", to_string(found.dmarc.result)},
                      {"arc", to_string(found.arc.result)},
                      {"reason", found.dmarc.reason},
                      {"disposition", to_string(decision.disposition)}});
}

void add_junk(std::vector<bool>& to_junk, const std::vector<bool>& more) {
  if (to_junk.size() < more.size()) to_junk.resize(more.size());
  for (std::size_t i = 0; i < more.size(); ++i) to_junk[i] = to_junk[i] || more[i];
}

std::optional<smtp::Reply> look(const SenderTools& tools, Candidate& candidate) {
  const SentMessage sent{candidate.origin, candidate.envelope, candidate.message,
                         candidate.settings.hostname, draw_sample()};
  const auto found = verify_sender(tools.resolver, tools.clock, tools.suffixes, sent);
  if (!found) return smtp::reply_for(found.error());
  // What failed because this server stops says nothing about the message.
  if (tools.resolver.is_stopped())
    return smtp::Reply{451, "4.3.2", "The server is shutting down, please try again"};
  const auto decision =
      decide(candidate.settings.sender_policy, tools.suffixes, *found, candidate.envelope);
  auto& findings = candidate.findings;
  findings.results = authentication_results(sent, *found, decision);
  findings.fields += "Authentication-Results: " + findings.results + "\r\n";
  findings.arc = found->arc;
  add_junk(findings.to_junk, decision.to_junk);
  write_down(candidate, *found, decision);
  if (tools.note) tools.note(sent, *found, decision);
  return decision.refusal;
}

}  // namespace

IntakeCheck sender_check(const SenderTools& tools) {
  return {"sender", IntakeCheck::Of::Strangers, true,
          [tools](Candidate& candidate) { return look(tools, candidate); },
          [](const Settings& settings) { return settings.sender_policy.verify; }};
}

}  // namespace waxwing
