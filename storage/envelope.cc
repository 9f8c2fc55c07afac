#include "storage/envelope.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"

namespace waxwing {
namespace {

using nlohmann::json;
using State = QueuedRecipient::State;

constexpr std::int64_t kEnvelopeVersion = 1;

constexpr std::array<std::pair<State, const char*>, 5> kStates = {{{State::Waiting, "waiting"},
                                                                   {State::Delivered, "delivered"},
                                                                   {State::Relayed, "relayed"},
                                                                   {State::Failed, "failed"},
                                                                   {State::Removed, "removed"}}};

State state_of(const std::string& word) {
  for (const auto& [state, name] : kStates) {
    if (word == name) return state;
  }
  return State::Waiting;
}

// Whatever octets there are in it: a reply of another server, or an address that is no UTF-8.
std::string line(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A later line overrules an earlier one.
void apply(const json& event, Envelope& envelope) {
  const auto number = event.value("recipient", std::uint64_t{envelope.recipients.size()});
  if (number >= envelope.recipients.size()) return;
  auto& recipient = envelope.recipients[number];
  if (event.value("notice", false)) {
    recipient.is_delay_told = true;
    return;
  }
  recipient.state = state_of(event.value("state", std::string()));
  recipient.tried = event.value("at", std::int64_t{0});
  recipient.due = event.value("due", std::int64_t{0});
  recipient.status = event.value("status", std::string());
  recipient.host = event.value("host", std::string());
  recipient.reply = event.value("reply", std::string());
  ++recipient.attempts;
}

Envelope::Return return_of(const std::string& word) {
  if (word == "full") return Envelope::Return::Full;
  return word == "hdrs" ? Envelope::Return::Headers : Envelope::Return::NotSaid;
}

const char* word_of(Envelope::Return ret) {
  switch (ret) {
    case Envelope::Return::NotSaid: return "";
    case Envelope::Return::Full: return "full";
    case Envelope::Return::Headers: return "hdrs";
  }
  return "";
}

Envelope accepted_envelope(const json& first) {
  Envelope envelope;
  envelope.id = first.value("id", std::string());
  envelope.sender = first.value("sender", std::string());
  envelope.account = first.value("account", std::string());
  envelope.message_id = first.value("message_id", std::string());
  envelope.accepted = first.value("accepted", std::int64_t{0});
  envelope.skip = first.value("skip", std::uint64_t{0});
  envelope.size = first.value("size", std::uint64_t{0});
  envelope.body =
      first.value("eight_bit", false) ? Envelope::Body::EightBitMime : Envelope::Body::SevenBit;
  envelope.smtp_utf8 = first.value("utf8", false);
  envelope.require_tls = first.value("require_tls", false);
  envelope.tls_optional = first.value("tls_optional", false);
  envelope.ret = return_of(first.value("ret", std::string()));
  envelope.envelope_id = first.value("envid", std::string());
  for (const auto& each : first.value("recipients", json::array())) {
    QueuedRecipient recipient;
    recipient.address = each.value("address", std::string());
    recipient.original = each.value("orcpt", std::string());
    recipient.notify = each.value("notify", 0u);
    envelope.recipients.push_back(std::move(recipient));
  }
  return envelope;
}

}  // namespace

std::string print_envelope(const Envelope& envelope) {
  json recipients = json::array();
  for (const auto& each : envelope.recipients) {
    recipients.push_back(
        {{"address", each.address}, {"orcpt", each.original}, {"notify", each.notify}});
  }
  return line({{"version", kEnvelopeVersion},
               {"id", envelope.id},
               {"sender", envelope.sender},
               {"account", envelope.account},
               {"message_id", envelope.message_id},
               {"accepted", envelope.accepted},
               {"skip", envelope.skip},
               {"size", envelope.size},
               {"eight_bit", envelope.body == Envelope::Body::EightBitMime},
               {"utf8", envelope.smtp_utf8},
               {"require_tls", envelope.require_tls},
               {"tls_optional", envelope.tls_optional},
               {"ret", word_of(envelope.ret)},
               {"envid", envelope.envelope_id},
               {"recipients", std::move(recipients)}}) +
         "\n";
}

std::string print_events(const std::vector<RecipientEvent>& events) {
  std::string text;
  for (const auto& event : events) {
    // A newline in front as well: a line that was cut off before must not take this one with it.
    text += "\n" +
            line({{"recipient", event.recipient},
                  {"state", to_string(event.state)},
                  {"at", event.at},
                  {"due", event.due},
                  {"status", event.status},
                  {"host", event.host},
                  {"reply", event.reply},
                  {"notice", event.is_delay_notice}}) +
            "\n";
  }
  return text;
}

Result<Envelope> parse_envelope(std::string_view text) {
  try {
    const auto lines = split(text, '\n');
    const auto first = json::parse(lines.front(), nullptr, false);
    // What follows the last newline was cut off.
    if (lines.size() < 2 || !first.is_object() ||
        first.value("version", std::int64_t{0}) != kEnvelopeVersion)
      return fail(Error::Code::Corrupt, "this is no envelope file");
    Envelope envelope = accepted_envelope(first);
    for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
      if (lines[i].empty()) continue;
      const auto event = json::parse(lines[i], nullptr, false);
      if (event.is_object()) apply(event, envelope);
    }
    return envelope;
  } catch (const json::exception& error) {
    return fail(Error::Code::Corrupt, error.what());
  }
}

const char* to_string(QueuedRecipient::State state) {
  for (const auto& [known, name] : kStates) {
    if (known == state) return name;
  }
  return "waiting";
}

}  // namespace waxwing
