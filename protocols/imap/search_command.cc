#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "protocols/imap/esearch.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/long_line.h"
#include "protocols/imap/message_limit.h"
#include "protocols/imap/searching.h"

namespace waxwing::imap {
namespace {

// SEARCH and UID SEARCH.  RFC 9051 sections 6.4.4 and 7.3.4, RFC 4731, RFC 5182, RFC 7162
class SearchTask final : public Task {
 public:
  SearchTask(std::string tag, Search command)
      : tag_(std::move(tag)),
        command_(std::move(command)),
        has_charset_(!command_.charset.empty()),
        search_(std::move(command_.program), std::move(command_.charset)) {}

  Step run(Conversation& conversation, Output& output) override {
    // RFC 6855 section 3
    if (conversation.dialect.utf8 && has_charset_) {
      return done(Reply::bad("SEARCH names no charset after ENABLE UTF8=ACCEPT"));
    }
    if (!answer_) {
      const auto refusal = refuse_context(conversation, returns(), tag_, "CONTEXT=SEARCH");
      if (refusal) return done(*refusal);
      const Slice slice(conversation.services.clock);
      const auto is_done = search_.step(conversation, slice, output);
      if (!is_done) {
        return done(search_.refuse(conversation, command_.returns, is_done.error()));
      }
      if (!*is_done) return Step::Yield;
      make_answer(conversation);
    }
    if (!answer_->hand_over(output)) return Step::Again;
    return done(with_limit(conversation, limited_, Reply::ok("Searched"), output));
  }
  std::optional<Extent> extent() const override { return search_.extent(); }
  bool has_numbers() const override { return search_.has_numbers(); }
  bool is_amid_line() const override { return answer_ && answer_->is_amid(); }

 private:
  void make_answer(Conversation& conversation) {
    Selected& selected = *conversation.selected;
    std::vector<std::size_t> indexes = search_.found();
    std::span<const int> scores = search_.scores();
    if (names_messages(conversation)) {
      limited_ = cut_to_limit(conversation, selected.view(), indexes);
      if (!scores.empty()) scores = scores.last(indexes.size());
    }
    const Found found{selected.view(), indexes, scores, search_.asks_for_modseq()};
    std::string refusal;
    if (returns().update) {
      refusal = keep_up(selected,
                        {.tag = tag_,
                         .numbering = command_.numbering,
                         .program = search_.program(),
                         .charset = search_.charset(),
                         .keys = {},
                         .collation = conversation.collation,
                         .items = command_.returns->items},
                        selected.uids(indexes));
    }
    if (returns().save) selected.save(saved_result(found, returns()));
    const bool is_plain = !command_.returns && !conversation.is_rev2();
    answer_.emplace((is_plain ? list_response("SEARCH", found, command_.numbering)
                              : esearch_response(found, returns(), command_.numbering, tag_)) +
                    refusal);
  }
  // MIN, MAX and COUNT tell of any number of messages, and a part of the result is no more than it
  // was asked to be.
  bool names_messages(const Conversation& conversation) const {
    const SearchReturn wanted = returns();
    if (wanted.all || wanted.save || wanted.update) return true;
    const auto limit = message_limit(conversation);
    if (!wanted.partial || !limit) return false;
    const auto [first, last] = std::minmax(wanted.partial->first, wanted.partial->last);
    return last - first >= *limit;
  }
  SearchReturn returns() const { return command_.returns.value_or(SearchReturn{.all = true}); }

  std::string tag_;
  Search command_;
  bool has_charset_;
  Searching search_;
  std::string limited_;  // the response code, where too many were found
  std::optional<LongLine> answer_;
};

}  // namespace

// RFC 5267 section 4.3.5
Reply cancel_update(Conversation& conversation, CancelUpdate& cancel, Output&) {
  if (!conversation.offers("CONTEXT=SEARCH") && !conversation.offers("CONTEXT=SORT")) {
    return Reply::bad("Unknown command");
  }
  auto& contexts = conversation.selected->contexts();
  const bool has_all =
      std::ranges::all_of(cancel.tags, [&](const auto& tag) { return contexts.has(tag); });
  if (!has_all) return Reply::no("There is no such search whose result is kept up");
  for (const std::string& tag : cancel.tags) contexts.cancel(tag);
  return Reply::ok("The result is not kept up any longer");
}

std::unique_ptr<Task> search(Command&& command) {
  return std::make_unique<SearchTask>(std::move(command.tag),
                                      std::get<Search>(std::move(command.body)));
}

}  // namespace waxwing::imap
