#include "protocols/imap/forest.h"

#include <array>
#include <charconv>

#include "protocols/imap/sort_by_number.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kMaxDigits = 10;

void append_number(std::string& text, std::uint32_t number) {
  std::array<char, kMaxDigits> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

}  // namespace

bool Forest::step() {
  if (starts_.empty()) {
    if (siblings_.empty()) {
      find_siblings();
      if (!siblings_.empty()) return false;
    }
    sort_by_number(siblings_, [](const Sibling& sibling) { return sibling.date; });
    group();
  }
  return true;
}

// In the order of the mailbox.
void Forest::find_siblings() {
  const auto nodes = static_cast<std::uint32_t>(family_.parent.size());
  const auto members = static_cast<std::uint32_t>(members_);
  // The oldest child of each node without a message. Some have lost their children to others.
  std::vector<std::uint32_t> first(nodes - members, Family::kNone);
  std::vector<std::uint32_t> stands_for(first.empty() ? 0 : members, Family::kNone);
  for (std::uint32_t member = 0; member < members && !first.empty(); ++member) {
    const std::uint32_t parent = family_.parent[member];
    if (parent == Family::kNone || parent < members) continue;
    std::uint32_t& oldest = first[parent - members];
    if (oldest == Family::kNone || family_.sent[member] < family_.sent[oldest]) oldest = member;
  }
  for (std::uint32_t i = 0; i < first.size(); ++i) {
    if (first[i] != Family::kNone) stands_for[first[i]] = members + i;
  }

  const auto add = [&](std::uint32_t node, std::uint32_t parent, std::int64_t sent) {
    const bool is_head = parent == Family::kNone;
    siblings_.push_back({node, is_head ? nodes : parent,
                         is_head && !family_.newest.empty() ? family_.newest[node] : sent});
  };
  siblings_.reserve(nodes);
  for (std::uint32_t member = 0; member < members; ++member) {
    const std::int64_t sent = family_.sent[member];
    add(member, family_.parent[member], sent);
    if (!stands_for.empty() && stands_for[member] != Family::kNone) {
      add(stands_for[member], Family::kNone, sent);
    }
  }
}

// By their parents, without touching the order among the children of one.
void Forest::group() {
  const std::size_t parents = family_.parent.size() + 1;
  family_ = {};
  starts_.assign(parents + 1, 0);
  for (const Sibling& sibling : siblings_) ++starts_[sibling.parent + 1];
  for (std::size_t parent = 0; parent < parents; ++parent) starts_[parent + 1] += starts_[parent];
  std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
  children_.resize(siblings_.size());
  for (const Sibling& sibling : siblings_) children_[next[sibling.parent]++] = sibling.node;
  siblings_ = {};
}

std::string Forest::to_string(std::span<const std::uint32_t> numbers) const {
  std::string text;
  text.reserve(children_.size() * 4);
  // Siblings that are still to be written, on each level that is open.
  struct Level {
    std::size_t next, end;
  };
  const std::size_t nodes = starts_.size() - 2;
  std::vector<Level> levels{{starts_[nodes], starts_[nodes + 1]}};
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
      const std::uint32_t node = children_[at];
      const std::size_t first = starts_[node], end = starts_[node + 1];
      if (node < members_) {
        append_number(text, numbers[node]);
        if (first < end) text += ' ';
      }
      if (end - first == 1) {
        at = first;
        continue;
      }
      levels.push_back({first, end});
      break;
    }
  }
  return text;
}

}  // namespace waxwing::imap
