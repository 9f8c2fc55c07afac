#include <algorithm>

#include "protocols/imap/sequence_set.h"

namespace waxwing::imap {

std::vector<std::size_t> resolve_uids(const SequenceSet& set, const View& view) {
  std::vector<std::size_t> indexes;
  if (view.size() == 0) return indexes;
  for (auto range : set.normalised(view[view.size() - 1].uid)) {
    std::size_t end = range.last == UINT32_MAX ? view.size() : view.lower_bound(range.last + 1);
    for (std::size_t i = view.lower_bound(range.first); i < end; ++i) indexes.push_back(i);
  }
  return indexes;
}

std::optional<std::vector<std::size_t>> resolve_numbers(const SequenceSet& set, const View& view) {
  for (auto range : set.ranges()) {
    if (std::max(range.first, range.last) > view.size() || view.size() == 0) return {};
  }
  std::vector<std::size_t> indexes;
  for (auto range : set.normalised(static_cast<std::uint32_t>(view.size()))) {
    for (std::size_t i = range.first; i <= range.last; ++i) indexes.push_back(i - 1);
  }
  return indexes;
}

}  // namespace waxwing::imap
