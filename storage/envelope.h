#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waxwing {

// One recipient of a message that leaves, and what has become of it.
struct QueuedRecipient {
  // What the sender wants to be told.  RFC 3461 section 4.1
  static constexpr unsigned kNever = 1, kSuccess = 2, kFailure = 4, kDelay = 8;
  enum class State {
    Waiting,
    Delivered,  // taken by a server that can tell the sender what becomes of it (DSN), or that is
                // the last
    Relayed,    // taken by one that cannot
    Failed,
    Removed,  // by an administrator
  };

  std::string address;   // for RCPT
  std::string original;  // ORCPT as it was said: "rfc822;alice+40example.test"; empty: not said
  unsigned notify = 0;   // 0: not said, which is Failure and Delay

  State state = State::Waiting;
  std::uint32_t attempts = 0;
  std::int64_t tried = 0;  // Unix seconds
  std::int64_t due = 0;    // when it is tried next
  std::string status;      // "4.4.1"
  std::string host;        // who said so; empty: nobody was reached
  std::string reply;       // what it said, or why nobody was reached
  bool is_delay_told = false;
};

// What a message that leaves is accompanied by: the content of its envelope file. The first line of
// the file is how it was accepted, each further line what happened to a recipient since.
struct Envelope {
  enum class Body { SevenBit, EightBitMime };
  enum class Return { NotSaid, Full, Headers };  // RET.  RFC 3461 section 4.3

  std::string id;             // 16 hexadecimal digits, the same that Received has
  std::string sender;         // empty: <>
  std::string account;        // who submitted it; empty: nobody, it is passed on or a report
  std::string message_id;     // of the header, with its brackets; empty: it has none
  std::int64_t accepted = 0;  // Unix seconds
  std::uint64_t skip = 0;     // so many octets at the start of the file are for mailboxes only
  std::uint64_t size = 0;     // without them
  Body body = Body::SevenBit;
  bool smtp_utf8 = false;
  bool require_tls = false;   // REQUIRETLS.  RFC 8689 section 2
  bool tls_optional = false;  // its header says "TLS-Required: No".  RFC 8689 section 3
  Return ret = Return::NotSaid;
  std::string envelope_id;  // ENVID as it was said, in xtext; empty: not said
  std::vector<QueuedRecipient> recipients;
};

// Something that happened to one recipient. As QueuedRecipient has it.
struct RecipientEvent {
  std::size_t recipient = 0;  // its place in Envelope::recipients
  QueuedRecipient::State state = QueuedRecipient::State::Waiting;
  std::int64_t at = 0;
  std::int64_t due = 0;
  std::string status, host, reply;
  bool is_delay_notice = false;  // the sender was told that it waits; it was not tried
};

// The first line, and lines to be appended.
std::string print_envelope(const Envelope& envelope);
std::string print_events(const std::vector<RecipientEvent>& events);
// The whole file. A last line that was cut off, by a crash, counts as not written. Corrupt when the
// first line is not what print_envelope() made.
Result<Envelope> parse_envelope(std::string_view text);

const char* to_string(QueuedRecipient::State state);  // "waiting", "delivered" ...

}  // namespace waxwing
