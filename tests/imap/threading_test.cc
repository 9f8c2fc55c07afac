#include "protocols/imap/threading.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <numeric>
#include <random>

#include "protocols/imap/forest.h"

namespace waxwing::imap {
namespace {

std::string threads(Threading& threading, const std::vector<ThreadMember>& members) {
  for (const ThreadMember& member : members) threading.add(member);
  while (!threading.step()) {
  }
  Forest forest(threading.take());
  while (!forest.step()) {
  }
  std::vector<std::uint32_t> numbers(members.size());
  std::iota(numbers.begin(), numbers.end(), 1);
  return forest.to_string(numbers);
}

std::string by_references(const std::vector<ThreadMember>& members) {
  return threads(*references(members.size()), members);
}
std::string by_refs(const std::vector<ThreadMember>& members) {
  return threads(*refs(members.size()), members);
}
std::string by_subject(const std::vector<ThreadMember>& members) {
  return threads(*ordered_subject(), members);
}

ThreadMember message(std::uint64_t id, std::vector<std::uint64_t> references = {}) {
  ThreadMember member;
  member.id = id;
  member.references = std::move(references);
  return member;
}
ThreadMember about(std::uint64_t subject, std::int64_t sent, bool is_reply = false) {
  ThreadMember member;
  member.subject = subject;
  member.sent = sent;
  member.is_reply = is_reply;
  return member;
}

TEST(OrderedSubject, MakesOneThreadOfEachSubject) {
  EXPECT_EQ(by_subject({}), "");
  EXPECT_EQ(by_subject({about(1, 0)}), "(1)");
  EXPECT_EQ(by_subject({about(1, 5), about(2, 4), about(1, 3), about(2, 9), about(1, 4)}),
            "(3 (5)(1))(2 4)");
  // An empty subject is one as well; of the same date the mailbox's order decides.
  EXPECT_EQ(by_subject({about(0, 1), about(7, 1), about(0, 1)}), "(1 3)(2)");
}

TEST(References, LinksWhatReferencesSay) {
  EXPECT_EQ(by_references({}), "");
  EXPECT_EQ(by_references({message(1), message(2, {1}), message(3, {1, 2})}), "(1 2 3)");
  EXPECT_EQ(by_references({message(3, {1, 2}), message(2, {1}), message(1)}), "(3 2 1)");
  EXPECT_EQ(by_references({message(1), message(2, {1}), message(3, {1})}), "(1 (2)(3))");
  EXPECT_EQ(by_references({message(1), message(2)}), "(1)(2)");
}

TEST(References, KeepsTogetherWhatHasALostParent) {
  EXPECT_EQ(by_references({message(3, {9}), message(5, {9})}), "((1)(2))");
  EXPECT_EQ(by_references({message(3, {9})}), "(1)");
  EXPECT_EQ(by_references({message(3, {8, 9}), message(5, {8})}), "((1)(2))");
  EXPECT_EQ(by_references({message(1), message(3, {1, 8, 9}), message(5, {1, 8})}), "(1 (2)(3))");
}

TEST(References, GivesAnIdToTheFirstThatHasIt) {
  EXPECT_EQ(by_references({message(1), message(1), message(2, {1})}), "(1 3)(2)");
  EXPECT_EQ(by_references({message(0), message(0), message(2, {1})}), "(1)(2)(3)");
}

TEST(References, BelievesAMessageMoreThanOthers) {
  // 2 says that 3 follows 1; 3 itself says that it follows nobody, or 4.
  EXPECT_EQ(by_references({message(1), message(2, {1, 3}), message(3), message(4)}), "(1)(3 2)(4)");
  EXPECT_EQ(by_references({message(1), message(2, {1, 3}), message(3, {4}), message(4)}),
            "(1)(4 3 2)");
}

TEST(References, MakesNoLoops) {
  EXPECT_EQ(by_references({message(1, {1})}), "(1)");
  EXPECT_EQ(by_references({message(1, {2}), message(2, {1})}), "(2 1)");
  EXPECT_EQ(by_references({message(1, {3}), message(2, {1}), message(3, {2})}), "(3 1 2)");
  EXPECT_EQ(by_references({message(1, {5, 6, 5, 6}), message(5, {6}), message(6, {5})}), "(2 3 1)");
}

TEST(References, JoinsThreadsOfOneSubject) {
  // Replies go below what they reply to; two that are no replies get a parent that is none of them.
  EXPECT_EQ(by_references({about(1, 5), about(1, 9, true), about(1, 3, true)}), "(1 (3)(2))");
  EXPECT_EQ(by_references({about(1, 5), about(1, 3), about(2, 4)}), "((2)(1))(3)");
  EXPECT_EQ(by_references({about(1, 5, true), about(1, 3, true)}), "((2)(1))");
  EXPECT_EQ(by_references({about(0, 5), about(0, 3, true)}), "(2)(1)");
}

// The algorithm in the words of the RFC, without thought for time and stack.
class Oracle {
 public:
  explicit Oracle(const std::vector<ThreadMember>& members) : members_(members) {
    for (std::size_t i = 0; i < members.size(); ++i) add(static_cast<int>(i));
    for (Node& node : nodes_) {
      if (!node.parent) root_.children.push_back(&node);
    }
    prune(root_);
    sort_roots();
    merge();
    sort_deep(root_);
  }

  std::string print() const {
    std::string text;
    for (const Node* thread : root_.children) text += "(" + print(*thread) + ")";
    return text;
  }

 private:
  struct Node {
    int member = -1;
    Node* parent = nullptr;
    std::vector<Node*> children;
  };

  Node* find(std::uint64_t id) {
    Node*& node = by_id_[id];
    if (!node) node = &nodes_.emplace_back();
    return node;
  }
  static bool is_below(const Node* node, const Node* top) {
    for (; node; node = node->parent) {
      if (node == top) return true;
    }
    return false;
  }
  static void link(Node* parent, Node* child) {
    if (is_below(parent, child)) return;
    child->parent = parent;
    parent->children.push_back(child);
  }
  static void unlink(Node* child) {
    if (child->parent) std::erase(child->parent->children, child);
    child->parent = nullptr;
  }

  void add(int index) {
    const ThreadMember& member = members_[static_cast<std::size_t>(index)];
    Node* own = member.id != 0 ? find(member.id) : nullptr;
    if (!own || own->member >= 0) own = &nodes_.emplace_back();
    own->member = index;
    Node* last = nullptr;
    for (const std::uint64_t id : member.references) {
      Node* next = find(id);
      if (last && !next->parent) link(last, next);
      last = next;
    }
    unlink(own);
    if (last) link(last, own);
  }

  void prune(Node& node) {
    std::vector<Node*> kept;
    for (Node* child : node.children) {
      prune(*child);
      const bool is_real = child->member >= 0;
      const bool stays = &node == &root_ && child->children.size() > 1;
      if (is_real || stays) {
        kept.push_back(child);
      } else {
        for (Node* grandchild : child->children) kept.push_back(grandchild);
      }
    }
    node.children = kept;
  }

  // Of a dummy its first child.
  int first(const Node* node) const {
    if (node->member >= 0) return node->member;
    int best = -1;
    for (const Node* child : node->children) {
      if (best < 0 || is_before(child->member, best)) best = child->member;
    }
    return best;
  }
  bool is_before(int a, int b) const {
    const auto sent = [&](int i) { return members_[static_cast<std::size_t>(i)].sent; };
    return sent(a) != sent(b) ? sent(a) < sent(b) : a < b;
  }
  void sort(std::vector<Node*>& list) const {
    std::ranges::sort(list,
                      [&](const Node* a, const Node* b) { return is_before(first(a), first(b)); });
  }
  void sort_roots() { sort(root_.children); }
  void sort_deep(Node& node) {
    for (Node* child : node.children) sort_deep(*child);
    sort(node.children);
  }

  std::uint64_t subject(const Node* node) const {
    return members_[static_cast<std::size_t>(first(node))].subject;
  }
  bool is_reply(const Node* node) const {
    return node->member >= 0 && members_[static_cast<std::size_t>(node->member)].is_reply;
  }

  void merge() {
    std::map<std::uint64_t, Node*> table;
    for (Node* node : root_.children) {
      if (subject(node) == 0) continue;
      Node*& entry = table[subject(node)];
      if (!entry) {
        entry = node;
      } else if (entry->member >= 0 && (node->member < 0 || (is_reply(entry) && !is_reply(node)))) {
        entry = node;
      }
    }
    const std::vector<Node*> heads = root_.children;
    for (Node* node : heads) {
      if (std::ranges::find(root_.children, node) == root_.children.end()) continue;
      if (subject(node) == 0) continue;
      Node*& entry = table[subject(node)];
      if (entry == node) continue;
      std::erase(root_.children, node);
      if (entry->member < 0 && node->member < 0) {
        for (Node* child : node->children) entry->children.push_back(child);
      } else if (entry->member < 0 || (is_reply(node) && !is_reply(entry))) {
        entry->children.push_back(node);
      } else {
        Node* dummy = &nodes_.emplace_back();
        std::ranges::replace(root_.children, entry, dummy);
        dummy->children = {entry, node};
        entry = dummy;
      }
    }
  }

  std::string print(const Node& node) const {
    std::string text = node.member >= 0 ? std::to_string(node.member + 1) : std::string();
    if (node.children.size() == 1) return text + " " + print(*node.children[0]);
    if (!node.children.empty() && node.member >= 0) text += " ";
    for (const Node* child : node.children) text += "(" + print(*child) + ")";
    return text;
  }

  const std::vector<ThreadMember>& members_;
  std::list<Node> nodes_;
  std::map<std::uint64_t, Node*> by_id_;
  Node root_;
};

TEST(References, AgreesWithTheRfcToTheLetter) {
  std::mt19937 random(7);
  const auto pick = [&](int end) {
    return static_cast<int>(random() % static_cast<unsigned>(end));
  };
  for (int round = 0; round < 20'000; ++round) {
    const int ids = 1 + pick(12), subjects = 1 + pick(5), dates = 1 + pick(4);
    std::vector<ThreadMember> members(static_cast<std::size_t>(pick(12)));
    for (ThreadMember& member : members) {
      member.id = static_cast<std::uint64_t>(pick(ids + 1));
      member.sent = pick(dates);
      member.subject = static_cast<std::uint64_t>(pick(subjects));
      member.is_reply = pick(2) == 1;
      for (int count = pick(4); count > 0; --count) {
        member.references.push_back(static_cast<std::uint64_t>(1 + pick(ids)));
      }
    }
    ASSERT_EQ(by_references(members), Oracle(members).print()) << round;
  }
}

// Mailboxes made to cost time or stack. Each of these would take minutes or crash if a message
// cost what is there already.
class Hostile : public testing::Test {
 protected:
  static constexpr std::uint64_t kMany = 100'000;
  std::vector<ThreadMember> members_;
};

TEST_F(Hostile, OneDeepThread) {
  for (std::uint64_t id = 1; id <= kMany; ++id) members_.push_back(message(id, {id - 1}));
  members_[0].references.clear();
  EXPECT_TRUE(by_references(members_).starts_with("(1 2 3 4 "));
  // Backwards, and so that every link may close a loop.
  std::ranges::reverse(members_);
  EXPECT_TRUE(by_references(members_).starts_with("(100000 99999 "));
}

TEST_F(Hostile, LoopsAtTheEndOfADeepThread) {
  for (std::uint64_t id = 1; id <= kMany / 2; ++id) members_.push_back(message(id, {id - 1}));
  // Each says that the head of the thread follows its end.
  for (std::uint64_t id = 1; id <= kMany / 2; ++id) {
    members_.push_back(message(kMany + id, {kMany / 2, 1}));
  }
  EXPECT_TRUE(by_references(members_).starts_with("(1 (2 3 4 "));
}

ThreadMember arrived(std::int64_t when, std::int64_t sent, std::uint64_t id,
                     std::vector<std::uint64_t> references = {}) {
  ThreadMember member = message(id, std::move(references));
  member.subject = 1;
  member.sent = sent;
  member.arrived = when;
  return member;
}

TEST(Refs, PutsTheThreadWithTheNewestArrivalLast) {
  EXPECT_EQ(by_refs({}), "");
  EXPECT_EQ(by_refs({arrived(1, 1, 1), arrived(2, 2, 2)}), "(1)(2)");
  EXPECT_EQ(by_refs({arrived(1, 1, 1), arrived(2, 2, 2), arrived(3, 3, 3, {1})}), "(2)(1 3)");
  // Of the same arrival the mailbox's order decides.
  EXPECT_EQ(by_refs({arrived(5, 9, 1), arrived(5, 1, 2)}), "(1)(2)");
  // A thread's head may be a message that is not here.
  EXPECT_EQ(by_refs({arrived(9, 1, 1, {7}), arrived(8, 1, 2), arrived(3, 0, 3, {7})}),
            "(2)((3)(1))");
}

TEST(Refs, OrdersWithinAThreadByTheDateOfSending) {
  EXPECT_EQ(by_refs({arrived(1, 1, 1), arrived(2, 9, 2, {1}), arrived(3, 5, 3, {1})}),
            "(1 (3)(2))");
}

TEST(Refs, MakesNoThreadOfEqualSubjects) {
  EXPECT_EQ(by_refs({arrived(1, 1, 1), arrived(2, 2, 2), arrived(3, 3, 3)}), "(1)(2)(3)");
}

TEST_F(Hostile, ALongChainOfReferencesThatArrivedBackwards) {
  for (std::uint64_t id = 1; id <= kMany; ++id) {
    members_.push_back(arrived(static_cast<std::int64_t>(kMany - id), 0, id, {id + 1}));
  }
  EXPECT_TRUE(by_refs(members_).starts_with("(" + std::to_string(kMany) + " "));
}

TEST_F(Hostile, ThreadsThatBranchOnEveryLevel) {
  for (std::uint64_t id = 1; id <= kMany; ++id) members_.push_back(message(id, {id / 2 * 2 - 1}));
  members_[0].references.clear();
  const std::string text = by_references(members_);
  EXPECT_TRUE(text.starts_with("(1 (2)(3 (4)(5 (6)(7 "));
  EXPECT_TRUE(text.ends_with("))))))"));
}

TEST_F(Hostile, ReferencesToNobody) {
  std::uint64_t nobody = kMany;
  for (std::uint64_t id = 1; id <= 100; ++id) {
    members_.push_back(message(id));
    for (int i = 0; i < 50'000; ++i) members_.back().references.push_back(++nobody);
    members_.back().references.push_back(id - 1);
  }
  members_[0].references.clear();
  // What is left when the purse is empty is the parent.
  EXPECT_TRUE(by_references(members_).starts_with("(1 2 3 4 "));
}

TEST_F(Hostile, OneSubjectForAll) {
  for (std::uint64_t i = 0; i < kMany; ++i) members_.push_back(about(1, 0, i % 2 == 0));
  EXPECT_TRUE(by_references(members_).starts_with("((2 (1)(3))(4)(5)"));
  EXPECT_TRUE(by_subject(members_).starts_with("(1 (2)(3)(4)"));
}

}  // namespace
}  // namespace waxwing::imap
