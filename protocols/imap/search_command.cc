#include <optional>

#include "protocols/imap/conversation.h"
#include "protocols/imap/esearch.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/long_line.h"
#include "protocols/imap/object_id.h"
#include "protocols/imap/search_run.h"
#include "protocols/imap/slice.h"

namespace waxwing::imap {
namespace {

// SEARCH and UID SEARCH.  RFC 9051 sections 6.4.4 and 7.3.4, RFC 4731, RFC 5182, RFC 7162
class SearchTask final : public Task {
 public:
  SearchTask(std::string tag, Search command)
      : tag_(std::move(tag)),
        command_(std::move(command)),
        wants_modseq_(command_.program.has(SearchKey::Kind::ModSeq)) {}

  Step run(Conversation& conversation, Output& output) override {
    if (!answer_) {
      if (const auto step = search(conversation, output)) return *step;
    }
    if (!answer_->hand_over(output)) return Step::Again;
    return done(Reply::ok("Searched"));
  }
  std::optional<Extent> extent() const override {
    if (!run_) return std::nullopt;
    return Extent{run_->decided(), run_->candidates()};
  }
  bool is_amid_line() const override { return answer_ && answer_->is_amid(); }
  // RFC 7162 section 3.2.10.2
  bool has_numbers() const override { return command_.program.has(SearchKey::Kind::Numbers); }

 private:
  std::optional<Step> search(Conversation& conversation, Output& output) {
    Selected& selected = *conversation.selected;
    if (!run_) {
      if (wants_modseq_) conversation.enable_condstore(output);
      if (const auto done = look_up_ids(command_.program, selected.mailbox()); !done) {
        return refuse(conversation, done.error());
      }
      auto program =
          SearchProgram::compile(command_.program, command_.charset, selected.view(),
                                 {.recent_from = selected.recent_from(),
                                  .saved = selected.saved(),
                                  .now = unix_seconds(conversation.services.clock.now())});
      if (!program) return refuse(conversation, program.error());
      run_.emplace(std::move(*program), selected.version());
    }
    const Slice slice(conversation.services.clock);
    MailboxSource source(selected.mailbox());
    const auto is_done = run_->step(source, [&] { return slice.is_over_now(); });
    if (!is_done) return refuse(conversation, is_done.error());
    if (!*is_done) return Step::Yield;

    const Found found{selected.view(), run_->found(), wants_modseq_};
    const SearchReturn returns = command_.returns.value_or(SearchReturn{.all = true});
    if (returns.save) selected.save(saved_result(found, returns));
    const bool is_plain = !command_.returns && !conversation.is_rev2();
    answer_.emplace(is_plain ? list_response("SEARCH", found, command_.numbering)
                             : esearch_response(found, returns, command_.numbering, tag_));
    return std::nullopt;
  }

  // A SAVE that comes to nothing leaves nothing saved.  RFC 5182 section 2.1
  Step refuse(Conversation& conversation, const Error& error) {
    if (command_.returns && command_.returns->save) conversation.selected->save({});
    if (error.code != Error::Code::NotFound) return done(conversation.refuse(error));
    return done(Reply::no("The charset is not known here", SearchProgram::bad_charset()));
  }

  std::string tag_;
  Search command_;
  bool wants_modseq_;
  std::optional<SearchRun> run_;
  std::optional<LongLine> answer_;
};

}  // namespace

std::unique_ptr<Task> search(Command&& command) {
  return std::make_unique<SearchTask>(std::move(command.tag),
                                      std::get<Search>(std::move(command.body)));
}

}  // namespace waxwing::imap
