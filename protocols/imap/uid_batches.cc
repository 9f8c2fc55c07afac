#include <algorithm>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {
namespace {

// Smaller batches cost the client more commands than they save.
constexpr std::uint64_t kSmallest = 500;

// Cuts the mailbox into ranges of UIDs that hold as many messages each, from the newest down, so
// that a client can ask for a piece it can bear.  draft-ietf-mailmaint-imap-uidbatches
class UidBatchesTask final : public Task {
 public:
  UidBatchesTask(std::string tag, UidBatches command) : tag_(std::move(tag)), command_(command) {}

  Step run(Conversation& conversation, Output& output) override {
    if (command_.size < kSmallest) {
      return done(
          Reply::no("A batch has at least " + std::to_string(kSmallest) + " messages", "TOOSMALL"));
    }
    const View& view = conversation.selected->view();
    const std::uint64_t batches = (view.size() + command_.size - 1) / command_.size;
    const std::uint64_t last = std::min(command_.last, batches);
    output << "* UIDBATCHES (TAG " << to_string(tag_) << ")";
    std::string_view separator = " ";
    for (std::uint64_t batch = command_.first; batch <= last; ++batch) {
      const std::size_t end = view.size() - static_cast<std::size_t>((batch - 1) * command_.size);
      const std::size_t begin = end - std::min<std::size_t>(end, command_.size);
      output << separator << std::to_string(view[end - 1].uid) << ":"
             << std::to_string(view[begin].uid);
      separator = ",";
    }
    output << "\r\n";
    return done(Reply::ok("That is all"));
  }

 private:
  std::string tag_;
  UidBatches command_;
};

}  // namespace

std::unique_ptr<Task> uid_batches(Command&& command) {
  return std::make_unique<UidBatchesTask>(std::move(command.tag),
                                          std::get<UidBatches>(std::move(command.body)));
}

}  // namespace waxwing::imap
