#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing::mail {

// A delivery status notification: what has become of a message, for its sender.  RFC 3464, 6522;
// RFC 6533 where addresses or header are not ASCII.
struct DeliveryReport {
  enum class Action { Failed, Delayed, Delivered, Relayed };
  struct Recipient {
    std::string address;
    std::string
        original;  // "rfc822;user@example.com", as its sender said, decoded; empty: not said
    Action action = Action::Failed;
    std::string status;                 // "5.1.1"
    std::string host;                   // who said so; empty: we say it
    std::string reply;                  // what it said; printable
    std::int64_t tried = 0;             // Unix seconds; 0: never
    std::int64_t will_retry_until = 0;  // Delayed
  };
  std::string hostname;  // of this server
  std::string to;        // the sender of the message
  std::string id;        // for Message-ID, and for who asks the operator
  std::int64_t now = 0;
  std::string envelope_id;    // decoded; empty: not said
  std::int64_t accepted = 0;  // Unix seconds
  std::vector<Recipient> recipients;
  std::string original;   // the header of the message, or all of it
  bool is_whole = false;  // ... all of it

  // The report as a message, its header included, with CRLF.
  std::string print() const;
};

// In plain words: what went wrong, and who can mend it.
std::string explain(std::string_view status, bool was_reached);

}  // namespace waxwing::mail
