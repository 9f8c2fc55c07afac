#include "protocols/imap/forest.h"

namespace waxwing::imap {

Forest::Forest(Family family)
    : members_(family.sent.size()), nodes_(family.parent.size()), order_(siblings(family), {}) {}

std::vector<Forest::Sibling> Forest::siblings(const Family& family) {
  const std::size_t members = family.sent.size();
  std::vector<std::uint32_t> first(family.parent.size() - members, Family::kNone);
  std::vector<Sibling> all;
  all.reserve(family.parent.size());
  for (std::uint32_t member = 0; member < members; ++member) {
    const std::uint32_t parent = family.parent[member];
    all.push_back({parent, member, family.sent[member], member});
    if (parent == Family::kNone || parent < members) continue;
    std::uint32_t& oldest = first[parent - members];
    if (oldest == Family::kNone || family.sent[member] < family.sent[oldest]) oldest = member;
  }
  for (std::size_t i = 0; i < first.size(); ++i) {
    // Some have lost their children to others.
    if (first[i] == Family::kNone) continue;
    const auto node = static_cast<std::uint32_t>(members + i);
    all.push_back({Family::kNone, node, family.sent[first[i]], first[i]});
  }
  if (family.newest.empty()) return all;
  for (Sibling& sibling : all) {
    if (sibling.parent == Family::kNone) sibling.sent = family.newest[sibling.node];
  }
  return all;
}

std::vector<std::size_t> Forest::starts() const {
  const std::vector<Sibling>& all = order_.items();
  std::vector<std::size_t> starts;
  starts.reserve(nodes_ + 1);
  std::size_t next = 0;
  for (std::size_t node = 0; node <= nodes_; ++node) {
    while (next < all.size() && all[next].parent < node) ++next;
    starts.push_back(next);
  }
  return starts;
}

std::string Forest::to_string(const NumberOf& number_of) const {
  const std::vector<Sibling>& all = order_.items();
  const std::vector<std::size_t> starts = this->starts();
  std::string text;
  // Siblings that are still to be written, on each level that is open.
  struct Level {
    std::size_t next, end;
  };
  std::vector<Level> levels{{starts[nodes_], all.size()}};
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.next == level.end) {
      levels.pop_back();
      if (!levels.empty()) text += ')';
      continue;
    }
    text += '(';
    // Down to where the thread ends or branches.
    std::size_t at = level.next++;
    while (true) {
      const std::uint32_t node = all[at].node;
      const std::size_t first = starts[node], count = starts[node + 1] - first;
      if (node < members_) {
        text += std::to_string(number_of(node));
        if (count > 0) text += ' ';
      }
      if (count == 1) {
        at = first;
        continue;
      }
      levels.push_back({first, first + count});
      break;
    }
  }
  return text;
}

}  // namespace waxwing::imap
