#include "daemon/intake_outgoing.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "protocols/mail/address.h"
#include "protocols/mail/header.h"

namespace waxwing {
namespace {

// RFC 3461 section 4.2: what is not said stays so, but for an alias, whose name the sender knows.
std::string original_of_alias(const smtp::EnvelopeRecipient& recipient) {
  if (!recipient.original.empty() || !is_ascii(recipient.address)) return recipient.original;
  std::string original = "rfc822;";
  for (const char c : recipient.address) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    if (c > ' ' && c < 127 && c != '+' && c != '=') {
      original += c;
    } else {
      original += {'+', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]};
    }
  }
  return original;
}

// A server without SMTPUTF8 understands the domain all the same.  RFC 6531 section 3.2
std::string for_servers(const std::string& address) {
  const auto parsed = mail::parse_address(address);
  if (!parsed || is_ascii(parsed->domain) || !is_ascii(parsed->local)) return address;
  const auto domain = mail::canonical_domain(parsed->domain);
  return domain ? mail::Address{parsed->local, *domain}.to_string() : address;
}

}  // namespace

std::vector<QueuedRecipient> remote_recipients(const smtp::MailEnvelope& envelope) {
  std::vector<QueuedRecipient> all;
  std::set<std::string> seen;
  const auto add = [&](const std::string& as_written, unsigned notify, std::string original) {
    const std::string address = for_servers(as_written);
    if (!seen.insert(address).second) return;
    QueuedRecipient queued;
    queued.address = address;
    queued.original = std::move(original);
    queued.notify = notify;
    all.push_back(std::move(queued));
  };
  for (const auto& recipient : envelope.recipients) {
    if (recipient.route.kind == Directory::Route::Kind::Elsewhere)
      add(recipient.address, recipient.notify, recipient.original);
    for (const auto& each : recipient.route.recipients) {
      if (!each.remote.empty()) add(each.remote, recipient.notify, original_of_alias(recipient));
    }
  }
  return all;
}

bool leads_out(const smtp::EnvelopeRecipient& recipient) {
  return std::any_of(recipient.route.recipients.begin(), recipient.route.recipients.end(),
                     [](const auto& target) { return !target.remote.empty(); });
}

Outcome describe(Envelope& queued, const smtp::MailEnvelope& envelope, Staged& message,
                 MessagePass& pass) {
  const auto& parsed = message.finish();
  bool is_seven_bit = true;
  pass.add([&](std::string_view piece) { is_seven_bit = is_seven_bit && is_ascii(piece); });
  if (auto done = pass.run(); !done) return done;
  queued.sender = envelope.sender;
  queued.message_id = mail::find_field(parsed.header, "Message-ID").value_or("");
  queued.ret = envelope.ret;
  queued.envelope_id = envelope.envelope_id;
  queued.require_tls = envelope.require_tls;
  // Who demanded TLS in the envelope has it: RFC 8689 section 3.
  const auto tls_required = mail::find_field(parsed.header, "TLS-Required");
  queued.tls_optional =
      !envelope.require_tls && tls_required && equals_ignoring_case(trim(*tls_required), "no");
  queued.body = is_seven_bit ? Envelope::Body::SevenBit : Envelope::Body::EightBitMime;
  // SMTPUTF8 is said by many who do not need it.  RFC 6531 section 3.2
  queued.smtp_utf8 = !is_ascii(parsed.header) || !is_ascii(envelope.sender) ||
                     std::any_of(queued.recipients.begin(), queued.recipients.end(),
                                 [](const auto& each) { return !is_ascii(each.address); });
  return {};
}

std::size_t return_path_size(std::string_view prefix) {
  if (!starts_with_ignoring_case(prefix, "Return-Path:")) return 0;
  return prefix.find("\r\n") + 2;
}

}  // namespace waxwing
