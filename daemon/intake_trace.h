#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "protocols/smtp/intake.h"
#include "storage/envelope.h"
#include "storage/store.h"
#include "storage/trace.h"

namespace waxwing {

// What the intake decides of a message, in the words of the trace. A trace that is not there is
// told nothing. Any thread.
class IntakeTrace {
 public:
  // It outlives this. Set once, before other threads use it.
  void write_to(Trace& trace) { trace_ = &trace; }

  void refused_address(const smtp::Origin& origin, const smtp::MailEnvelope& envelope,
                       const std::string& address, const smtp::Reply& reply);
  void refused(const smtp::Origin& origin, const smtp::MailEnvelope& envelope,
               const smtp::Findings& findings, const std::string& header);

  struct Accepted {
    const smtp::Origin& origin;
    const smtp::MailEnvelope& envelope;
    const smtp::Findings& findings;
    const Staged& message;
    const std::string& header;
    const std::vector<Store::Delivered>& delivered;
    const std::vector<QueuedRecipient>& queued;
    Time at;
  };
  void accepted(const Accepted& accepted);

 private:
  Trace* trace_ = nullptr;
};

}  // namespace waxwing
