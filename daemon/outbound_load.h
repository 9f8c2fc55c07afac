#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocols/smtp/intake.h"
#include "storage/queue.h"

namespace waxwing {

// One job on its way, with what it takes to deliver it, and what has become of its recipients in
// this attempt. Held by one thread at a time.
struct OutboundLoad {
  Queue::Job job;
  Envelope envelope;
  std::vector<std::size_t> left;  // recipients of whom nothing is decided yet
  std::vector<RecipientEvent> events;
  int hosts_tried = 0;
  bool give_back = false;  // it was not tried: it is ready again

  // The server's answer for a recipient, who is no longer left then. 2xx is Delivered, or Relayed
  // where the server cannot report; 4xx waits until `due`; 5xx has Failed.
  void note(std::size_t recipient, const smtp::Reply& reply, const std::string& host,
            bool passed_on, std::int64_t now, std::int64_t due);
  // The same for all that are left.
  void note_rest(const smtp::Reply& reply, const std::string& host, std::int64_t now,
                 std::int64_t due);
};

}  // namespace waxwing
