#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/envelope.h"

namespace waxwing {

// What the command line of `sendmail` asks for. The options are those that programs give: Sendmail
// has had them for forty years, and no standard names them.
struct SendmailOrder {
  enum class Task {
    Send,
    Nothing,  // -q, -bi: this server does by itself what they are for
  };
  Task task = Task::Send;
  std::optional<std::string> sender;  // -f, -r; empty: <>
  std::string full_name;              // -F
  bool recipients_in_header = false;  // -t
  bool dot_ends = true;               // a line with a dot alone is the end; -i, -oi: it is not
  std::vector<std::string> recipients;
  unsigned notify = 0;                               // -N, bits of QueuedRecipient
  Envelope::Return ret = Envelope::Return::NotSaid;  // -R
  std::string envelope_id;                           // -V, in xtext
  std::string socket;                                // --socket; empty: where it usually is
};

// The words behind the name of the program. Invalid with a sentence for who wrote them.
Result<SendmailOrder> read_sendmail_order(const std::vector<std::string>& words);

}  // namespace waxwing
