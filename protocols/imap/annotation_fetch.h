#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "protocols/imap/fetch_line.h"

namespace waxwing::imap {

// The annotations of the messages that a FETCH makes its next responses of. Held by one thread at a
// time.
class FetchedAnnotations {
 public:
  // Reads what the items ask for of these messages, ascending, in place of what was read before; no
  // more than `room` octets and those of one message. Returns how many messages, from the first,
  // that is all of. May block.
  Result<std::size_t> read(Mailbox& mailbox, std::span<const Uid> uids,
                           std::span<const PreparedItem> items, std::uint64_t room);
  std::span<const MessageAnnotation> of(Uid uid) const;

 private:
  std::map<Uid, std::vector<MessageAnnotation>> known_;
};

}  // namespace waxwing::imap
