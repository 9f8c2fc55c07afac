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

}  // namespace waxwing::imap
