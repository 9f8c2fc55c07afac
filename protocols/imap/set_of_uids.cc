#include "protocols/imap/set_of_uids.h"

#include <utility>
#include <vector>

namespace waxwing::imap {

SequenceSet set_of(std::span<const Uid> ascending) {
  std::vector<SequenceSet::Range> ranges;
  for (const Uid uid : ascending) {
    if (!ranges.empty() && ranges.back().last + 1 == uid) {
      ranges.back().last = uid;
    } else {
      ranges.push_back({uid, uid});
    }
  }
  return SequenceSet(std::move(ranges));
}

SequenceSet joined(SequenceSet first, const SequenceSet& second) {
  if (first.ranges().empty()) return second;
  std::vector<SequenceSet::Range> ranges = first.ranges();
  for (const SequenceSet::Range& range : second.ranges()) {
    if (ranges.back().last + 1 == range.first) {
      ranges.back().last = range.last;
    } else {
      ranges.push_back(range);
    }
  }
  return SequenceSet(std::move(ranges));
}

SequenceSet without(const SequenceSet& set, std::span<const Uid> ascending) {
  std::vector<SequenceSet::Range> left;
  auto uid = ascending.begin();
  for (SequenceSet::Range range : set.ranges()) {
    while (uid != ascending.end() && *uid < range.first) ++uid;
    bool is_rest = true;
    for (; uid != ascending.end() && *uid <= range.last; ++uid) {
      if (range.first < *uid) left.push_back({range.first, *uid - 1});
      is_rest = *uid < range.last;
      if (is_rest) range.first = *uid + 1;
    }
    if (is_rest) left.push_back(range);
  }
  return SequenceSet(std::move(left));
}

}  // namespace waxwing::imap
