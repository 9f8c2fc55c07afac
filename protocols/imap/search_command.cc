#include <algorithm>
#include <optional>
#include <vector>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
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
    // RFC 6855 section 3
    if (conversation.dialect.utf8 && !command_.charset.empty()) {
      return done(Reply::bad("SEARCH names no charset after ENABLE UTF8=ACCEPT"));
    }
    Selected& selected = *conversation.selected;
    if (!run_) {
      if (wants_modseq_) conversation.enable_condstore(output);
      if (const auto done = look_up_ids(command_.program, selected.mailbox()); !done) {
        return refuse(conversation, done.error());
      }
      auto program = SearchProgram::compile(
          command_.program, command_.charset, selected.view(),
          {.recent_from = selected.recent_from(), .saved = selected.saved()});
      if (!program) return refuse(conversation, program.error());
      run_.emplace(std::move(*program), selected.version());
    }
    const Slice slice(conversation.services.clock);
    MailboxSource source(selected.mailbox());
    const auto is_done = run_->step(source, [&] { return slice.is_over_now(); });
    if (!is_done) return refuse(conversation, is_done.error());
    if (!*is_done) return Step::Yield;

    if (!command_.returns && !conversation.is_rev2()) {
      write_search(selected, output);
    } else {
      write_esearch(selected, command_.returns.value_or(SearchReturn{.all = true}), output);
    }
    return done(Reply::ok("Searched"));
  }
  std::optional<Extent> extent() const override {
    if (!run_) return std::nullopt;
    return Extent{run_->decided(), run_->candidates()};
  }
  // RFC 7162 section 3.2.10.2
  bool has_numbers() const override { return command_.program.has(SearchKey::Kind::Numbers); }

 private:
  // A SAVE that comes to nothing leaves nothing saved.  RFC 5182 section 2.1
  Step refuse(Conversation& conversation, const Error& error) {
    if (command_.returns && command_.returns->save) conversation.selected->save({});
    if (error.code != Error::Code::NotFound) return done(conversation.refuse(error));
    return done(Reply::no("The charset is not known here", SearchProgram::bad_charset()));
  }

  std::uint32_t number_of(const Selected& selected, std::size_t index) const {
    if (command_.numbering == Numbering::Uid) return selected.view()[index].uid;
    return static_cast<std::uint32_t>(index + 1);
  }

  void write_search(const Selected& selected, Output& output) const {
    output << "* SEARCH";
    for (const std::size_t index : run_->found()) {
      output << " " << std::to_string(number_of(selected, index));
    }
    if (wants_modseq_ && !run_->found().empty()) {
      output << " (MODSEQ " << std::to_string(highest_modseq(selected, run_->found())) << ")";
    }
    output << "\r\n";
  }

  void write_esearch(Selected& selected, const SearchReturn& returns, Output& output) const {
    const std::vector<std::size_t>& found = run_->found();
    if (returns.save) selected.save(selected.uids(told(returns)));
    // SAVE alone wants no answer.  RFC 5182 section 2.1
    if (!returns.min && !returns.max && !returns.all && !returns.count) return;
    output << "* ESEARCH (TAG " << to_string(tag_) << ")";
    if (command_.numbering == Numbering::Uid) output << " UID";
    if (!found.empty()) {
      if (returns.min) output << " MIN " << std::to_string(number_of(selected, found.front()));
      if (returns.max) output << " MAX " << std::to_string(number_of(selected, found.back()));
      if (returns.all) {
        std::vector<Uid> numbers;
        numbers.reserve(found.size());
        for (const std::size_t index : found) numbers.push_back(number_of(selected, index));
        output << " ALL " << to_uid_set(numbers);
      }
    }
    if (returns.count) output << " COUNT " << std::to_string(found.size());
    if (wants_modseq_ && !found.empty()) {
      output << " MODSEQ " << std::to_string(highest_modseq(selected, told(returns)));
    }
    output << "\r\n";
  }

  std::uint64_t highest_modseq(const Selected& selected,
                               const std::vector<std::size_t>& indexes) const {
    ModSeq highest = 0;
    for (const std::size_t index : indexes) {
      highest = std::max(highest, selected.view()[index].modseq);
    }
    return highest;
  }

  // The messages that an answer speaks of: the ends alone where no more is asked for.
  // RFC 4731 section 3.2, RFC 5182 section 2.4
  std::vector<std::size_t> told(const SearchReturn& returns) const {
    const std::vector<std::size_t>& found = run_->found();
    const bool is_narrow = (returns.min || returns.max) && !returns.all && !returns.count;
    if (!is_narrow || found.empty()) return found;
    std::vector<std::size_t> ends;
    if (returns.min) ends.push_back(found.front());
    if (returns.max && !(returns.min && found.size() == 1)) ends.push_back(found.back());
    return ends;
  }

  std::string tag_;
  Search command_;
  bool wants_modseq_;
  std::optional<SearchRun> run_;
};

}  // namespace

std::unique_ptr<Task> search(Command&& command) {
  return std::make_unique<SearchTask>(std::move(command.tag),
                                      std::get<Search>(std::move(command.body)));
}

}  // namespace waxwing::imap
