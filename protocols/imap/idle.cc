#include "base/text.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {
namespace {

// Waits for DONE; the session tells changes meanwhile. Also without a mailbox: some clients idle
// before they select one.  RFC 2177
class IdleTask final : public Task {
 public:
  Step run(Conversation&, Output& output) override {
    if (!line_) {
      output << "+ idling\r\n";
      return Step::Line;
    }
    if (!equals_ignoring_case(trim(*line_), "DONE")) return done(Reply::bad("DONE was expected"));
    return done(Reply::ok("No longer idling"));
  }
  void line(std::string text) override { line_ = std::move(text); }
  bool is_idling() const override { return !line_; }

 private:
  std::optional<std::string> line_;
};

}  // namespace

std::unique_ptr<Task> idle(Command&&) {
  return std::make_unique<IdleTask>();
}

}  // namespace waxwing::imap
