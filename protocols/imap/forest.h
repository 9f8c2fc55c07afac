#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "protocols/imap/threading.h"

namespace waxwing::imap {

// Threads with all siblings in order: by the date that they were sent at, then as in the mailbox. A
// node without a message stands where its first child would.  RFC 5256 section 3, REFERENCES (6)
// Threads are in the order that the family says, if it does.
// Held by one thread at a time.
class Forest {
 public:
  explicit Forest(Family family) : family_(std::move(family)), members_(family_.sent.size()) {}

  // Goes on for so long as a few passes over all nodes take. True: all is in order.
  bool step();
  // "(2)(3 6 (4 23)(44 7 96))", once step() said true. However deep it is, this takes no stack.
  // `numbers`: of the members.
  std::string to_string(std::span<const std::uint32_t> numbers) const;

 private:
  struct Sibling {
    std::uint32_t node;
    std::uint32_t parent;  // or kHeads
    std::int64_t date;     // that it was sent at, or what else orders threads
  };
  void find_siblings();
  void group();

  Family family_;
  std::size_t members_;
  std::vector<Sibling> siblings_;
  // All nodes by their parents, behind them the heads of threads; and where each parent's begin.
  std::vector<std::uint32_t> children_;
  std::vector<std::uint32_t> starts_;
};

}  // namespace waxwing::imap
