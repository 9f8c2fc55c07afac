#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>
#include <utility>

#include "protocols/imap/hash_table.h"
#include "protocols/imap/sort_by_number.h"
#include "protocols/imap/threading.h"

// THREAD=REFERENCES, by the steps of RFC 5256 section 3, and THREAD=REFS, which has the first three
// of them.
//
// A node knows its parent and how many children it has, never which: so a link is made and broken
// in no time, and every step is one pass over all nodes, however deep they hang. What a mailbox
// made by an enemy could make long is paid from a purse: when that is empty, its threads have fewer
// links.

namespace waxwing::imap {
namespace {

constexpr std::uint32_t kNone = Family::kNone;

// Of a longer References: the last ones count, which are the nearest.
constexpr std::size_t kMaxReferences = 1000;
// So many for each message on average, beside the parent, and some more where messages are few.
constexpr std::size_t kReferences = 16;
constexpr std::size_t kMoreReferences = 1000;
// So many nodes are passed for each message, on average, to find loops.
constexpr std::size_t kSteps = 64;
// So many messages are known before they are linked, while memory fetches what that takes.
constexpr std::size_t kAhead = 16;

class References final : public Threading {
 public:
  // What makes one thread of several: equal subjects, or nothing.
  enum class Merge { Subjects, Nothing };
  References(std::size_t count, Merge merge)
      : merge_(merge),
        by_id_(count),
        references_left_(count * kReferences + kMoreReferences),
        steps_left_((count + kMoreReferences) * kSteps) {
    members_.reserve(count);
    nodes_.reserve(2 * count);
  }

  void add(const ThreadMember& member) override;
  bool step() override;
  Family take() override { return std::move(family_); }

 private:
  // While messages are added: those that are there, and those that are only spoken of.
  struct Node {
    std::uint32_t parent = kNone;
    std::uint32_t children = 0;  // how many
    std::uint32_t member = kNone;
  };
  struct Member {
    std::uint64_t subject = 0;
    bool is_reply = false;
    std::uint32_t node = 0;
    std::int64_t arrived = 0;
  };
  // A child of the root. Older ones come first; of one without a message its first child counts.
  struct Thread {
    std::uint32_t node = 0;   // in family_
    std::uint32_t first = 0;  // member: itself, or its first child
  };
  enum class Phase { Link, Prune, SortThreads, FindSubjects, MergeSubjects, Done };

  void link(const ThreadMember& member);
  std::uint32_t node_of(std::uint64_t id);
  std::uint32_t own_node(const ThreadMember& member);
  bool makes_loop(std::uint32_t parent, std::uint32_t child);
  void set_parent(std::uint32_t parent, std::uint32_t child);
  void unlink(std::uint32_t child);

  void prune();
  void sort_threads();
  void find_newest();
  void find_subjects();
  void merge_subjects();
  bool is_dummy(const Thread& thread) const { return thread.node >= members_.size(); }
  bool is_reply(const Thread& thread) const {
    return !is_dummy(thread) && members_[thread.node].is_reply;
  }
  std::uint32_t add_dummy();

  const Merge merge_;
  std::array<ThreadMember, kAhead> ahead_;  // a ring
  std::size_t added_ = 0;
  std::vector<Node> nodes_;
  std::vector<Member> members_;
  HashTable<std::uint32_t> by_id_;
  std::size_t references_left_;
  std::size_t steps_left_;

  Phase phase_ = Phase::Link;
  Family family_;
  std::vector<Thread> threads_;
  HashTable<Thread> by_subject_;
};

void References::add(const ThreadMember& member) {
  ThreadMember& place = ahead_[added_ % kAhead];
  if (added_ >= kAhead) link(place);
  place = member;
  ++added_;
  __builtin_prefetch(by_id_.address_of(member.id));
  if (!member.references.empty()) {
    __builtin_prefetch(by_id_.address_of(member.references.back()));
  }
}

// Step 1.
void References::link(const ThreadMember& member) {
  const std::uint32_t own = own_node(member);
  nodes_[own].member = static_cast<std::uint32_t>(members_.size());
  members_.push_back({member.subject, member.is_reply, own, member.arrived});
  family_.sent.push_back(member.sent);

  const std::size_t count =
      std::min({member.references.size(), kMaxReferences, references_left_ + 1});
  if (count > 0) references_left_ -= count - 1;
  std::uint32_t last = kNone;
  for (std::size_t i = member.references.size() - count; i < member.references.size(); ++i) {
    const std::uint32_t next = node_of(member.references[i]);
    if (last != kNone && nodes_[next].parent == kNone && !makes_loop(last, next)) {
      set_parent(last, next);
    }
    last = next;
  }
  // Its own References are right about a message; those of others may be cut short.
  unlink(own);
  if (last != kNone && !makes_loop(last, own)) set_parent(last, own);
}

std::uint32_t References::node_of(std::uint64_t id) {
  const auto [known, is_new] = by_id_.try_emplace(id, static_cast<std::uint32_t>(nodes_.size()));
  if (is_new) nodes_.emplace_back();
  return known;
}

// The first message of an id has it; another one of the same id is a message of none.
std::uint32_t References::own_node(const ThreadMember& member) {
  if (member.id != 0) {
    const std::uint32_t node = node_of(member.id);
    if (nodes_[node].member == kNone) return node;
  }
  nodes_.emplace_back();
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

// Only a node that has children can be its parent's ancestor.
bool References::makes_loop(std::uint32_t parent, std::uint32_t child) {
  if (parent == child) return true;
  if (nodes_[child].children == 0) return false;
  for (std::uint32_t node = parent; node != kNone; node = nodes_[node].parent) {
    if (node == child || steps_left_ == 0) return true;
    --steps_left_;
  }
  return false;
}

void References::set_parent(std::uint32_t parent, std::uint32_t child) {
  nodes_[child].parent = parent;
  ++nodes_[parent].children;
}

void References::unlink(std::uint32_t child) {
  const std::uint32_t parent = std::exchange(nodes_[child].parent, kNone);
  if (parent != kNone) --nodes_[parent].children;
}

bool References::step() {
  switch (phase_) {
    case Phase::Link:
      for (std::size_t i = added_ - std::min(added_, kAhead); i < added_; ++i) {
        link(ahead_[i % kAhead]);
      }
      phase_ = Phase::Prune;
      return false;
    case Phase::Prune:
      prune();
      if (merge_ == Merge::Nothing) {
        find_newest();
        phase_ = Phase::Done;
        return true;
      }
      phase_ = Phase::SortThreads;
      return false;
    case Phase::SortThreads:
      sort_threads();
      phase_ = Phase::FindSubjects;
      return false;
    case Phase::FindSubjects:
      find_subjects();
      phase_ = Phase::MergeSubjects;
      return false;
    case Phase::MergeSubjects:
      merge_subjects();
      phase_ = Phase::Done;
      return true;
    case Phase::Done: return true;
  }
  return true;
}

// Steps 2 and 3: the parent of a message is its nearest ancestor that is one. Where there is none,
// the topmost node keeps together what hangs below it, if that is more than one message.
void References::prune() {
  // For nodes without a message: that ancestor, or the topmost node.
  std::vector<std::uint32_t> anchor(nodes_.size(), kNone);
  std::vector<std::uint32_t> path;
  const auto anchor_of = [&](std::uint32_t node) {
    path.clear();
    while (nodes_[node].member == kNone && anchor[node] == kNone && nodes_[node].parent != kNone) {
      path.push_back(node);
      node = nodes_[node].parent;
    }
    if (nodes_[node].member == kNone && anchor[node] != kNone) node = anchor[node];
    for (const std::uint32_t passed : path) anchor[passed] = node;
    return node;
  };
  std::vector<std::uint32_t> kept(nodes_.size(), 0);  // children of a topmost node
  for (const Member& member : members_) {
    std::uint32_t& parent = nodes_[member.node].parent;
    if (parent == kNone) continue;
    parent = anchor_of(parent);
    if (nodes_[parent].member == kNone) ++kept[parent];
  }

  family_.parent.assign(members_.size(), kNone);
  std::vector<std::uint32_t> thread_of(nodes_.size(), kNone);  // of a topmost node
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    const std::uint32_t parent = nodes_[members_[i].node].parent;
    if (parent != kNone && nodes_[parent].member != kNone) {
      family_.parent[i] = nodes_[parent].member;
      continue;
    }
    if (parent == kNone || kept[parent] == 1) {
      threads_.push_back({i, i});
      continue;
    }
    std::uint32_t& place = thread_of[parent];
    if (place == kNone) {
      place = static_cast<std::uint32_t>(threads_.size());
      threads_.push_back({add_dummy(), i});
    }
    Thread& thread = threads_[place];
    family_.parent[i] = thread.node;
    if (family_.sent[i] < family_.sent[thread.first]) thread.first = i;
  }
  nodes_ = {};
  by_id_ = HashTable<std::uint32_t>();
}

// Step 4. Of the same date, the first in the mailbox is the first.
void References::sort_threads() {
  std::vector<std::uint32_t> thread_of(members_.size(), kNone);  // by its first member
  for (const Thread& thread : threads_) thread_of[thread.first] = thread.node;
  std::size_t count = 0;
  for (std::uint32_t first = 0; first < thread_of.size(); ++first) {
    if (thread_of[first] != kNone) threads_[count++] = {thread_of[first], first};
  }
  sort_by_number(threads_, [&](const Thread& thread) { return family_.sent[thread.first]; });
}

std::uint32_t References::add_dummy() {
  family_.parent.push_back(kNone);
  return static_cast<std::uint32_t>(family_.parent.size() - 1);
}

// For each head the newest arrival in its thread.
void References::find_newest() {
  std::vector<std::uint32_t> head(family_.parent.size(), kNone);
  std::vector<std::uint32_t> path;
  family_.newest.assign(family_.parent.size(), std::numeric_limits<std::int64_t>::min());
  for (std::uint32_t member = 0; member < members_.size(); ++member) {
    path.clear();
    std::uint32_t node = member;
    while (head[node] == kNone && family_.parent[node] != kNone) {
      path.push_back(node);
      node = family_.parent[node];
    }
    if (head[node] != kNone) node = head[node];
    for (const std::uint32_t passed : path) head[passed] = node;
    std::int64_t& newest = family_.newest[node];
    newest = std::max(newest, members_[member].arrived);
  }
}

// Step 5 (B).
void References::find_subjects() {
  for (const Thread& thread : threads_) {
    const std::uint64_t subject = members_[thread.first].subject;
    if (subject == 0) continue;
    const auto [known, is_new] = by_subject_.try_emplace(subject, thread);
    if (is_new || is_dummy(known)) continue;
    const bool is_better = is_dummy(thread) || (is_reply(known) && !is_reply(thread));
    if (is_better) known = thread;
  }
}

// Step 5 (C).
void References::merge_subjects() {
  // A node without a message whose children went to another's.
  std::unordered_map<std::uint32_t, std::uint32_t> merged;
  for (const Thread& thread : threads_) {
    const std::uint64_t subject = members_[thread.first].subject;
    if (subject == 0 || family_.parent[thread.node] != kNone) continue;
    Thread& chosen = by_subject_.try_emplace(subject, thread).first;
    if (chosen.node == thread.node) continue;
    if (is_dummy(thread)) {
      merged[thread.node] = chosen.node;
    } else if (is_dummy(chosen) || (is_reply(thread) && !is_reply(chosen))) {
      family_.parent[thread.node] = chosen.node;
    } else {
      const std::uint32_t dummy = add_dummy();
      family_.parent[thread.node] = family_.parent[chosen.node] = dummy;
      chosen.node = dummy;
    }
  }
  if (merged.empty()) return;
  for (std::uint32_t& parent : family_.parent) {
    const auto found = merged.find(parent);
    if (found != merged.end()) parent = found->second;
  }
}

}  // namespace

std::unique_ptr<Threading> references(std::size_t count) {
  return std::make_unique<References>(count, References::Merge::Subjects);
}

std::unique_ptr<Threading> refs(std::size_t count) {
  return std::make_unique<References>(count, References::Merge::Nothing);
}

}  // namespace waxwing::imap
