#include <unordered_map>
#include <utility>

#include "protocols/imap/threading.h"

namespace waxwing::imap {
namespace {

// The messages of one base subject are a thread: all are children of the oldest.
class OrderedSubject final : public Threading {
 public:
  void add(const ThreadMember& member) override {
    const auto node = static_cast<std::uint32_t>(family_.sent.size());
    family_.sent.push_back(member.sent);
    subjects_.push_back(member.subject);
    std::uint32_t& oldest = oldest_.try_emplace(member.subject, node).first->second;
    if (member.sent < family_.sent[oldest]) oldest = node;
  }

  bool step() override {
    for (std::uint32_t node = 0; node < subjects_.size(); ++node) {
      const std::uint32_t oldest = oldest_[subjects_[node]];
      family_.parent.push_back(oldest == node ? Family::kNone : oldest);
    }
    return true;
  }

  Family take() override { return std::move(family_); }

 private:
  Family family_;
  std::vector<std::uint64_t> subjects_;
  std::unordered_map<std::uint64_t, std::uint32_t> oldest_;  // by subject
};

}  // namespace

std::unique_ptr<Threading> ordered_subject() {
  return std::make_unique<OrderedSubject>();
}

}  // namespace waxwing::imap
