#include <optional>

#include "protocols/imap/esearch.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/long_line.h"
#include "protocols/imap/searching.h"
#include "protocols/imap/thread_run.h"

namespace waxwing::imap {
namespace {

// THREAD and UID THREAD.  RFC 5256
class ThreadTask final : public Task {
 public:
  explicit ThreadTask(Thread command)
      : command_(std::move(command)),
        search_(std::move(command_.program), std::move(command_.charset)) {}

  Step run(Conversation& conversation, Output& output) override {
    if (!conversation.offers(capability())) {
      return done(Reply::bad("Messages are not threaded in that way here"));
    }
    if (!answer_) {
      const auto is_done = thread(conversation, output);
      if (!is_done) return done(search_.refuse(conversation, std::nullopt, is_done.error()));
      if (!*is_done) return Step::Yield;
      make_answer(conversation.selected->view());
    }
    if (!answer_->hand_over(output)) return Step::Again;
    return done(Reply::ok("Threaded"));
  }
  std::optional<Extent> extent() const override {
    if (!thread_) return std::nullopt;
    return Extent{thread_->headers().passed(), thread_->headers().indexes().size()};
  }
  bool has_numbers() const override { return search_.has_numbers(); }
  bool is_amid_line() const override { return answer_ && answer_->is_amid(); }

 private:
  std::string_view capability() const {
    switch (command_.algorithm) {
      case Thread::Algorithm::OrderedSubject: return "THREAD=ORDEREDSUBJECT";
      case Thread::Algorithm::References: return "THREAD=REFERENCES";
      case Thread::Algorithm::Refs: return "THREAD=REFS";
    }
    return {};
  }

  Result<bool> thread(Conversation& conversation, Output& output) {
    const Slice slice(conversation.services.clock);
    const Selected& selected = *conversation.selected;
    if (!thread_) {
      const auto is_found = search_.step(conversation, slice, output);
      if (!is_found || !*is_found) return is_found;
      thread_.emplace(command_.algorithm, selected.version(), search_.found(),
                      conversation.collation);
    }
    MailboxSource source(selected.mailbox());
    return thread_->step(source, [&] { return slice.is_over_now(); });
  }

  void make_answer(const View& view) {
    const std::string threads = thread_->threads(
        [&](std::size_t index) { return number_of(view, index, command_.numbering); });
    answer_.emplace((threads.empty() ? "* THREAD" : "* THREAD ") + threads + "\r\n");
  }

  Thread command_;
  Searching search_;
  std::optional<ThreadRun> thread_;
  std::optional<LongLine> answer_;
};

}  // namespace

std::unique_ptr<Task> thread(Command&& command) {
  return std::make_unique<ThreadTask>(std::get<Thread>(std::move(command.body)));
}

}  // namespace waxwing::imap
