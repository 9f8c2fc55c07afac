#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "protocols/imap/sliced_sort.h"
#include "protocols/imap/threading.h"

namespace waxwing::imap {

// Threads with all siblings in order: by the date that they were sent at, then as in the mailbox. A
// node without a message stands where its first child would.  RFC 5256 section 3, REFERENCES (6)
// Threads are in the order that the family says, if it does.
// Held by one thread at a time.
class Forest {
 public:
  explicit Forest(Family family);

  // Goes on for a few thousand comparisons. True: all is in order.
  bool step() { return order_.step(); }
  // "(2)(3 6 (4 23)(44 7 96))", once step() said true. However deep it is, this takes no stack.
  using NumberOf = std::function<std::uint32_t(std::uint32_t member)>;
  std::string to_string(const NumberOf& number_of) const;

 private:
  struct Sibling {
    std::uint32_t parent;  // Family::kNone: the head of a thread
    std::uint32_t node;
    std::int64_t sent;    // or what else orders threads
    std::uint32_t first;  // member: itself, or its first child
  };
  struct Before {
    bool operator()(const Sibling& a, const Sibling& b) const {
      if (a.parent != b.parent) return a.parent < b.parent;
      return a.sent != b.sent ? a.sent < b.sent : a.first < b.first;
    }
  };
  static std::vector<Sibling> siblings(const Family& family);
  // Where the children of each node begin among the siblings; behind the last, the heads.
  std::vector<std::size_t> starts() const;

  std::size_t members_;
  std::size_t nodes_;
  SlicedSort<Sibling, Before> order_;
};

}  // namespace waxwing::imap
