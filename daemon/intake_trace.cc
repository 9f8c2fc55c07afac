#include "daemon/intake_trace.h"

#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"
#include "protocols/mail/header.h"

namespace waxwing {
namespace {

using smtp::MailEnvelope;
using smtp::Origin;
using smtp::Reply;

// Who it came from.
std::string told_of(const Origin& origin) {
  std::string text = "from " + origin.peer.shown_address() + " (" + printable(origin.helo, 100) +
                     "), session " + origin.peer.session_id + " on ";
  text += origin.peer.user_id ? "a Unix socket" : "port " + std::to_string(origin.peer.local_port);
  if (origin.is_trusted) text += ", trusted";
  if (!origin.tls_version.empty()) text += ", " + origin.tls_version;
  if (origin.identity) text += ", signed in as " + origin.identity->address;
  return text;
}

std::string told(const Reply& reply) {
  return std::to_string(reply.code) + " " + reply.enhanced + " " + reply.text;
}

std::string told_of(const smtp::Findings& findings) {
  if (findings.results.empty()) return "";
  return "; checks: " + printable(mail::unfold(findings.results), 1000);
}

}  // namespace

void IntakeTrace::refused_address(const Origin& origin, const MailEnvelope& envelope,
                                  const std::string& address, const Reply& reply) {
  if (!trace_) return;
  trace_->note({hex(random_bytes(8)),
                "",
                envelope.sender,
                {address},
                "refused " + told_of(origin) + ": <" + envelope.sender + "> to <" + address +
                    ">: " + told(reply)});
}

void IntakeTrace::refused(const Origin& origin, const MailEnvelope& envelope,
                          const smtp::Findings& findings, const std::string& header) {
  if (!trace_) return;
  Trace::Note note{findings.id,
                   mail::find_field(header, "Message-ID").value_or(""),
                   envelope.sender,
                   {},
                   "refused " + told_of(origin) + ": <" + envelope.sender +
                       ">: " + told(*findings.refusal) + " (check: " + findings.refused_by + ")" +
                       told_of(findings)};
  for (const auto& each : envelope.recipients) note.recipients.push_back(each.address);
  trace_->note(std::move(note));
}

void IntakeTrace::accepted(const Accepted& accepted) {
  if (!trace_) return;
  Trace::Note note{accepted.findings.id,
                   mail::find_field(accepted.header, "Message-ID").value_or(""),
                   accepted.envelope.sender,
                   {},
                   "accepted " + told_of(accepted.origin) + ": <" + accepted.envelope.sender +
                       ">, " + std::to_string(accepted.message.size()) + " octets" +
                       told_of(accepted.findings)};
  note.at = accepted.at;
  for (const auto& each : accepted.envelope.recipients) note.recipients.push_back(each.address);
  for (const auto& each : accepted.delivered) {
    note.recipients.push_back(each.account);
    note.text += "; delivered to " + each.account;
  }
  for (const auto& each : accepted.queued) {
    note.recipients.push_back(each.address);
    note.text += "; queued for " + each.address;
  }
  trace_->note(std::move(note));
}

}  // namespace waxwing
