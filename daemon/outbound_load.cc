#include "daemon/outbound_load.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace waxwing {
namespace {

using State = QueuedRecipient::State;

// In envelopes, reports and logs: one line, and no more of it than people read.
std::string words_of(const smtp::Reply& reply) {
  std::string text = reply.code > 0 ? std::to_string(reply.code) + " " : std::string();
  if (reply.code > 0 && !reply.enhanced.empty()) text += reply.enhanced + " ";
  for (const char c : reply.text) text += c == '\n' ? ' ' : c;
  return printable(text, 1000);
}

}  // namespace

void OutboundLoad::note(std::size_t recipient, const smtp::Reply& reply, const std::string& host,
                        bool passed_on, std::int64_t now, std::int64_t due) {
  RecipientEvent event;
  event.recipient = recipient;
  event.at = now;
  event.host = host;
  event.reply = words_of(reply);
  event.status = reply.enhanced;
  const int kind = reply.code / 100;
  if (kind == 2) {
    event.state = passed_on ? State::Delivered : State::Relayed;
  } else if (kind == 5) {
    event.state = State::Failed;
  } else {
    event.due = due;
  }
  if (event.status.empty()) event.status = kind == 2 ? "2.0.0" : kind == 5 ? "5.0.0" : "4.0.0";
  events.push_back(std::move(event));
  std::erase(left, recipient);
}

void OutboundLoad::note_rest(const smtp::Reply& reply, const std::string& host, std::int64_t now,
                             std::int64_t due) {
  for (const auto recipient : std::vector<std::size_t>(left)) {
    note(recipient, reply, host, false, now, due);
  }
}

}  // namespace waxwing
