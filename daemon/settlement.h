#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "daemon/notices.h"
#include "daemon/outbound_load.h"
#include "storage/queue.h"
#include "storage/trace.h"

namespace waxwing {

// What follows from an attempt: the queue learns of it, and where it must, the sender. Any thread;
// may block.
class Settlement {
 public:
  // They outlive it.
  Settlement(Queue& queue, Notices& notices, Trace& trace, const Clock& clock)
      : queue_(queue), notices_(notices), trace_(trace), clock_(clock) {}

  // Attempts that are over.
  void settle(const Settings& settings, std::vector<std::unique_ptr<OutboundLoad>> loads);
  // Messages that have waited long: the sender is told, or it is over with them.
  void look_at_overdue(const Settings& settings);

 private:
  Queue::Settlement decide(const Settings& settings, OutboundLoad& load);
  Outcome tell_senders(OutboundLoad& load);
  void note(const Envelope& envelope, const RecipientEvent& event);
  void look_at(const Settings& settings, const std::string& id);
  void expire(const Envelope& envelope);
  std::int64_t now() const { return unix_seconds(clock_.now()); }

  Queue& queue_;
  Notices& notices_;
  Trace& trace_;
  const Clock& clock_;
};

// As the events of an attempt make it.
Envelope after(const Envelope& envelope, const std::vector<RecipientEvent>& events);

}  // namespace waxwing
