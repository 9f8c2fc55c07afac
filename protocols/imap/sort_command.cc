#include <algorithm>
#include <optional>

#include "protocols/imap/esearch.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/long_line.h"
#include "protocols/imap/searching.h"
#include "protocols/imap/sort_run.h"

namespace waxwing::imap {
namespace {

// SORT and UID SORT.  RFC 5256, RFC 5267 section 3
class SortTask final : public Task {
 public:
  SortTask(std::string tag, Sort command)
      : tag_(std::move(tag)),
        command_(std::move(command)),
        search_(std::move(command_.program), std::move(command_.charset)) {}

  Step run(Conversation& conversation, Output& output) override {
    if (!answer_) {
      const auto refusal = refuse_context(conversation, command_.returns.value_or(SearchReturn{}),
                                          tag_, "CONTEXT=SORT");
      if (refusal) return done(*refusal);
      const bool is_by_annotation = std::ranges::any_of(
          command_.keys, [](const auto& key) { return key.kind == SortKey::Kind::Annotation; });
      if (is_by_annotation && !conversation.offers(kAnnotate)) {
        return done(Reply::bad("There is no sort key ANNOTATION"));
      }
      const auto is_done = sort(conversation, output);
      if (!is_done) {
        return done(search_.refuse(conversation, command_.returns, is_done.error()));
      }
      if (!*is_done) return Step::Yield;
      make_answer(conversation);
    }
    if (!answer_->hand_over(output)) return Step::Again;
    return done(Reply::ok("Sorted"));
  }
  std::optional<Extent> extent() const override {
    if (!sort_) return std::nullopt;
    return Extent{sort_->headers().passed(), sort_->headers().indexes().size()};
  }
  bool has_numbers() const override { return search_.has_numbers(); }
  bool is_amid_line() const override { return answer_ && answer_->is_amid(); }

 private:
  Result<bool> sort(Conversation& conversation, Output& output) {
    const Slice slice(conversation.services.clock);
    const Selected& selected = *conversation.selected;
    if (!sort_) {
      const auto is_found = search_.step(conversation, slice, output);
      if (!is_found || !*is_found) return is_found;
      sort_.emplace(command_.keys, selected.version(), search_.found(), search_.scores(),
                    conversation.collation);
    }
    MailboxSource source(selected.mailbox());
    return sort_->step(source, [&] { return slice.is_over_now(); });
  }

  void make_answer(Conversation& conversation) {
    Selected& selected = *conversation.selected;
    const Found found{selected.view(), sort_->sorted(), sort_->scores(), search_.asks_for_modseq()};
    if (command_.returns) {
      std::string refusal;
      if (command_.returns->update) {
        refusal = keep_up(selected,
                          {.tag = tag_,
                           .numbering = command_.numbering,
                           .program = search_.program(),
                           .charset = search_.charset(),
                           .keys = command_.keys,
                           .collation = conversation.collation,
                           .items = command_.returns->items},
                          selected.uids(sort_->sorted()));
      }
      if (command_.returns->save) selected.save(saved_result(found, *command_.returns));
      answer_.emplace(esearch_response(found, *command_.returns, command_.numbering, tag_) +
                      refusal);
    } else {
      answer_.emplace(list_response("SORT", found, command_.numbering));
    }
  }

  std::string tag_;
  Sort command_;
  Searching search_;
  std::optional<SortRun> sort_;
  std::optional<LongLine> answer_;
};

}  // namespace

std::unique_ptr<Task> sort(Command&& command) {
  return std::make_unique<SortTask>(std::move(command.tag),
                                    std::get<Sort>(std::move(command.body)));
}

}  // namespace waxwing::imap
