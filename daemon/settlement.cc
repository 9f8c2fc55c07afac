#include "daemon/settlement.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "daemon/retry_times.h"

namespace waxwing {
namespace {

using State = QueuedRecipient::State;

constexpr std::size_t kOverdueAtOnce = 200;

std::vector<std::size_t> in_state(const OutboundLoad& load, State state) {
  std::vector<std::size_t> found;
  for (const auto& event : load.events) {
    if (event.state == state) found.push_back(event.recipient);
  }
  return found;
}

// "delivered by mx.example.net: 250 2.0.0 taken", in the words of the trace.
std::string told(const RecipientEvent& event) {
  std::string text = to_string(event.state);
  if (event.state == State::Waiting) text = "not delivered yet";
  if (!event.host.empty()) text += ", by " + event.host;
  if (!event.reply.empty()) text += ": " + event.reply;
  return text;
}

void log_event(const Envelope& envelope, const RecipientEvent& event) {
  log.info(to_string(event.state), {{"id", envelope.id},
                                    {"from", envelope.sender},
                                    {"to", envelope.recipients[event.recipient].address},
                                    {"host", event.host},
                                    {"status", event.status},
                                    {"reply", event.reply},
                                    {"due", event.due}});
}

}  // namespace

Envelope after(const Envelope& envelope, const std::vector<RecipientEvent>& events) {
  Envelope result = envelope;
  for (const auto& event : events) {
    auto& recipient = result.recipients[event.recipient];
    recipient.state = event.state;
    recipient.tried = event.at;
    recipient.due = event.due;
    recipient.status = event.status;
    recipient.host = event.host;
    recipient.reply = event.reply;
    ++recipient.attempts;
  }
  return result;
}

void Settlement::settle(const Settings& settings,
                        std::vector<std::unique_ptr<OutboundLoad>> loads) {
  std::vector<Queue::Settlement> settled;
  std::vector<Queue::Job> back;
  for (const auto& load : loads) {
    if (load->give_back) {
      back.push_back(load->job);
    } else {
      settled.push_back(decide(settings, *load));
    }
  }
  if (!back.empty()) {
    if (auto done = queue_.give_back(back); !done)
      log.error("jobs wait for the next start", {{"reason", done.error().text}});
  }
  if (settled.empty()) return;
  if (auto done = queue_.settle(settled); !done)
    log.error("results are not noted", {{"reason", done.error().text}});
}

// A sender is told before the queue forgets: a crash between the two tells him twice, not never.
Queue::Settlement Settlement::decide(const Settings& settings, OutboundLoad& load) {
  const std::int64_t end = load.envelope.accepted + settings.queue.lifetime.count();
  for (auto& event : load.events) {
    if (event.state == State::Waiting && now() >= end) {
      event.state = State::Failed;
      event.status = "5.4.7";  // RFC 3463 section 3.5: delivery time expired
    }
    // The last attempt is at the end, not after it.
    if (event.state == State::Waiting) event.due = std::min(event.due, end);
    log_event(load.envelope, event);
    note(load.envelope, event);
  }
  Queue::Settlement settlement{load.job, load.events, {}, false};
  if (const auto told = tell_senders(load); !told) {
    log.error("a sender cannot be told now, so the message is tried again",
              {{"id", load.envelope.id}, {"reason", told.error().text}});
    settlement.events.clear();
    settlement.due = now() + kRetryOwnTrouble;
    return settlement;
  }
  for (const auto& event : load.events) {
    if (event.state == State::Waiting)
      settlement.due = std::max(settlement.due.value_or(0), event.due);
  }
  settlement.is_whole_message = load.job.recipients.size() == load.envelope.recipients.size();
  return settlement;
}

void Settlement::note(const Envelope& envelope, const RecipientEvent& event) {
  std::string text = "to <" + envelope.recipients[event.recipient].address + ">: " + told(event);
  if (event.state == State::Waiting)
    text += "; next try in " + std::to_string(std::max<std::int64_t>(0, event.due - now())) + " s";
  trace_.note({envelope.id, "", "", {}, std::move(text)});
}

Outcome Settlement::tell_senders(OutboundLoad& load) {
  const auto failed = in_state(load, State::Failed);
  const auto relayed = in_state(load, State::Relayed);
  if (failed.empty() && relayed.empty()) return {};
  const Envelope envelope = after(load.envelope, load.events);
  if (!failed.empty()) {
    if (auto told = notices_.tell(Notices::Kind::Failed, envelope, failed); !told) return told;
    if (!envelope.sender.empty())
      trace_.note(
          {envelope.id, "", "", {}, "the sender is told of the failure, if that is wanted"});
  }
  return relayed.empty() ? Outcome{} : notices_.tell(Notices::Kind::Delivered, envelope, relayed);
}

void Settlement::look_at_overdue(const Settings& settings) {
  const auto ids = queue_.overdue(kOverdueAtOnce);
  if (!ids) return log.error("queue cannot be read", {{"reason", ids.error().text}});
  for (const auto& id : *ids) look_at(settings, id);
}

void Settlement::look_at(const Settings& settings, const std::string& id) {
  const auto envelope = queue_.envelope(id);
  if (!envelope) {
    log.error("envelope cannot be read", {{"id", id}, {"reason", envelope.error().text}});
    (void)queue_.look_again(id, now() + 3600);
    return;
  }
  const std::int64_t end = envelope->accepted + settings.queue.lifetime.count();
  if (now() >= end) return expire(*envelope);
  std::vector<std::size_t> waiting;
  std::vector<RecipientEvent> told;
  for (std::size_t i = 0; i < envelope->recipients.size(); ++i) {
    const auto& recipient = envelope->recipients[i];
    if (recipient.state != State::Waiting || recipient.is_delay_told) continue;
    waiting.push_back(i);
    RecipientEvent event;
    event.recipient = i;
    event.at = now();
    event.is_delay_notice = true;
    told.push_back(std::move(event));
  }
  const bool is_time = now() >= envelope->accepted + settings.queue.delay_notice.count();
  if (is_time && !waiting.empty()) {
    const auto sent = notices_.tell(Notices::Kind::Delayed, *envelope, waiting);
    if (sent) {
      trace_.note({id, "", "", {}, "the sender is told of the delay"});
      (void)queue_.append(id, told);
    } else {
      log.warning("a sender cannot be told of a delay",
                  {{"id", id}, {"reason", sent.error().text}});
    }
  }
  (void)queue_.look_again(id,
                          is_time ? end : envelope->accepted + settings.queue.delay_notice.count());
}

// Its time is up while nobody was trying: the destination is down.
void Settlement::expire(const Envelope& envelope) {
  auto jobs = queue_.take_message(envelope.id);
  if (!jobs) return log.error("queue cannot be read", {{"reason", jobs.error().text}});
  for (auto& job : *jobs) {
    OutboundLoad load;
    load.job = job;
    load.envelope = envelope;
    for (const auto number : job.recipients) {
      if (number >= envelope.recipients.size()) continue;
      const auto& recipient = envelope.recipients[number];
      RecipientEvent event{number,  State::Failed,  now(),           0,
                           "5.4.7", recipient.host, recipient.reply, false};
      if (event.reply.empty()) event.reply = "no server of the domain could be reached";
      load.events.push_back(std::move(event));
    }
    Queue::Settlement settlement{job, load.events, {}, false};
    for (const auto& event : load.events) note(envelope, event);
    log.info("expired",
             {{"id", envelope.id}, {"from", envelope.sender}, {"destination", job.destination}});
    if (const auto told = tell_senders(load); !told) {
      settlement.events.clear();
      settlement.due = now() + kRetryOwnTrouble;
      (void)queue_.look_again(envelope.id, now() + kRetryOwnTrouble);
    }
    if (auto done = queue_.settle({settlement}); !done)
      log.error("results are not noted", {{"id", envelope.id}, {"reason", done.error().text}});
  }
}

}  // namespace waxwing
