#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace waxwing::imap {

// What THREAD looks at in a message. Of texts there are only hashes: the same text has the same.
struct ThreadMember {
  std::int64_t sent = 0;                  // Unix seconds
  std::int64_t arrived = 0;               // INTERNALDATE, the same
  std::uint64_t subject = 0;              // the base subject, whatever its case; 0: empty
  bool is_reply = false;                  // or a forward
  std::uint64_t id = 0;                   // Message-ID; 0: none
  std::vector<std::uint64_t> references;  // Message-IDs, the parent last
};

// Who is whose child. The members are nodes 0, 1, ... in the order in which they were added; behind
// them come nodes without a message, which have children and no parent.
struct Family {
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::vector<std::int64_t> sent;     // of the members
  std::vector<std::uint32_t> parent;  // of all nodes
  // Of nodes that head a thread: the date that threads are ordered by. Empty: as siblings are.
  std::vector<std::int64_t> newest;
};

// A threading algorithm. Held by one thread at a time.
class Threading {
 public:
  virtual ~Threading() = default;

  // In the order of the mailbox.
  virtual void add(const ThreadMember& member) = 0;
  // When all are added: goes on for so long as a pass over all of them takes. True: done.
  virtual bool step() = 0;
  // Once, when step() said true.
  virtual Family take() = 0;
};

// RFC 5256 section 3. `count`: how many there will be.
std::unique_ptr<Threading> ordered_subject();
std::unique_ptr<Threading> references(std::size_t count);
// As REFERENCES, but what belongs together no subject says, and threads are in the order of their
// newest arrivals.  draft-ietf-morg-inthread section 4
std::unique_ptr<Threading> refs(std::size_t count);

}  // namespace waxwing::imap
