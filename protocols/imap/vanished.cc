#include "protocols/imap/vanished.h"

#include <algorithm>

namespace waxwing::imap {
namespace {

using Range = SequenceSet::Range;

// A line holds no more ranges than that.
constexpr std::size_t kRangesInLine = 500;

void add(Range range, std::vector<Range>& ranges) {
  if (range.first > range.last) return;
  if (!ranges.empty() && ranges.back().last + 1 == range.first) {
    ranges.back().last = range.last;
  } else {
    ranges.push_back(range);
  }
}

// What lies in `range` and not in the view.
void add_missing(Range range, const View& view, std::vector<Range>& ranges) {
  Uid next = range.first;
  for (std::size_t i = view.lower_bound(range.first); i < view.size(); ++i) {
    const Uid uid = view[i].uid;
    if (uid > range.last) break;
    add({next, uid - 1}, ranges);
    next = uid + 1;
  }
  add({next, range.last}, ranges);
}

}  // namespace

Result<VanishedEarlier> VanishedEarlier::since(ModSeq modseq, const SequenceSet& known, Uid first,
                                               const Selected& selected) {
  const View& view = selected.view();
  const Uid highest = view.uid_next() - 1;
  std::vector<Range> asked;
  for (Range range : known.normalised(highest)) {
    range.first = std::max(range.first, first);
    range.last = std::min(range.last, highest);
    if (range.first <= range.last) asked.push_back(range);
  }
  VanishedEarlier vanished;
  if (asked.empty()) return vanished;
  const auto log = selected.mailbox().expunged_since(modseq);
  if (!log) return fail(log.error());
  if (!*log) {
    for (const Range& range : asked) add_missing(range, view, vanished.ranges_);
    return vanished;
  }
  auto range = asked.begin();
  for (const Uid uid : **log) {
    while (range != asked.end() && range->last < uid) ++range;
    if (range == asked.end()) break;
    if (uid >= range->first && !view.find(uid)) add({uid, uid}, vanished.ranges_);
  }
  return vanished;
}

bool VanishedEarlier::write(Output& output) {
  while (next_ < ranges_.size()) {
    if (output.is_full()) return false;
    const std::size_t end = std::min(next_ + kRangesInLine, ranges_.size());
    const SequenceSet line(std::vector<Range>(ranges_.begin() + static_cast<std::ptrdiff_t>(next_),
                                              ranges_.begin() + static_cast<std::ptrdiff_t>(end)));
    output << "* VANISHED (EARLIER) " << line.to_string() << "\r\n";
    next_ = end;
  }
  return true;
}

}  // namespace waxwing::imap
