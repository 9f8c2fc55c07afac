#include "protocols/imap/envelope_text.h"

#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

std::string or_nil(const std::string& text) {
  return text.empty() ? "NIL" : to_string(text);
}

// addr-name, addr-adl, addr-mailbox, addr-host. Routes (adl) are long obsolete.
std::string addresses(const std::vector<mail::EnvelopeAddress>& list) {
  if (list.empty()) return "NIL";
  std::string text = "(";
  for (const auto& address : list) {
    text += "(" + or_nil(address.name) + " NIL " + or_nil(address.mailbox) + " " +
            or_nil(address.host) + ")";
  }
  return text + ")";
}

}  // namespace

std::string envelope_text(const mail::Envelope& envelope) {
  const auto& sender = envelope.sender.empty() ? envelope.from : envelope.sender;
  const auto& reply_to = envelope.reply_to.empty() ? envelope.from : envelope.reply_to;
  return "(" + to_nstring(envelope.date) + " " + to_nstring(envelope.subject) + " " +
         addresses(envelope.from) + " " + addresses(sender) + " " + addresses(reply_to) + " " +
         addresses(envelope.to) + " " + addresses(envelope.cc) + " " + addresses(envelope.bcc) +
         " " + to_nstring(envelope.in_reply_to) + " " + to_nstring(envelope.message_id) + ")";
}

}  // namespace waxwing::imap
