#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "protocols/imap/annotation_store.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/message_limit.h"
#include "protocols/imap/modifiers.h"
#include "protocols/imap/slice.h"
#include "storage/keywords.h"

namespace waxwing::imap {
namespace {

// As many messages change in one commit.
constexpr std::size_t kStoreBatch = 1000;

FlagChange to_change(const Store& command) {
  FlagChange change{FlagChange::Mode::Replace, command.flags.system, command.flags.keywords};
  switch (command.mode) {
    case Store::Mode::Add: change.mode = FlagChange::Mode::Add; break;
    case Store::Mode::Remove: change.mode = FlagChange::Mode::Remove; break;
    case Store::Mode::Replace: break;
  }
  return change;
}

// STORE and UID STORE.  RFC 9051 section 6.4.6, RFC 7162 section 3.1.3, RFC 5257 section 4.5
class StoreTask final : public Task {
 public:
  explicit StoreTask(Store command)
      : command_(std::move(command)), change_(to_change(command_)), parts_(command_.annotations) {}

  Step run(Conversation& conversation, Output& output) override {
    if (!indexes_) {
      const auto modifiers = store_modifiers(command_.modifiers);
      if (!modifiers) return done(Reply::bad(modifiers.error()));
      unchanged_since_ = modifiers->unchanged_since;
      if (unchanged_since_) conversation.enable_condstore(output);
      if (auto refusal = refuse(conversation)) return done(std::move(*refusal));
      indexes_ = conversation.selected->resolve(command_.set, command_.numbering);
      if (!indexes_) return done(Reply::bad("There is no message of that number"));
      limited_ = cut_to_limit(conversation, conversation.selected->view(), *indexes_);
    }
    Slice slice(conversation.services.clock);
    if (!parts_.is_done()) {
      const auto is_done = parts_.step(*conversation.selected, *indexes_, slice);
      if (!is_done) return done(is_done.error());
      if (!*is_done) return Step::Yield;
    }
    while (next_ < indexes_->size()) {
      if (output.is_full()) return Step::Again;
      if (slice.is_over_now()) return Step::Yield;
      const std::size_t most = annotates() ? batch_of(command_.annotations) : kStoreBatch;
      const std::size_t count = std::min(most, indexes_->size() - next_);
      if (auto failure = change(conversation, std::span(*indexes_).subspan(next_, count), output)) {
        return done(std::move(*failure));
      }
      next_ += count;
    }
    return done(with_limit(conversation, limited_, outcome(), output));
  }

  std::optional<Extent> extent() const override {
    return indexes_ ? std::optional(Extent{next_, indexes_->size()}) : std::nullopt;
  }

 private:
  bool annotates() const { return !command_.annotations.empty(); }

  std::optional<Reply> refuse(const Conversation& conversation) const {
    if (annotates()) return refuse_to_annotate(conversation, command_.annotations);
    if (!conversation.selected->is_read_only()) return std::nullopt;
    return Reply::no("The mailbox is open for reading", "READ-ONLY");
  }

  Reply outcome() const {
    const bool is_incomplete = some_expunged_ && command_.numbering == Numbering::Sequence;
    if (!modified_.empty()) {
      std::string code = "MODIFIED " + to_uid_set(modified_);
      return is_incomplete ? Reply::no("Some are changed and some expunged", std::move(code))
                           : Reply::ok("Some have been changed since", std::move(code));
    }
    if (is_incomplete) return Reply::no("Some messages have been expunged", "EXPUNGEISSUED");
    return Reply::ok("Stored");
  }

  std::optional<Reply> change(Conversation& conversation, std::span<const std::size_t> indexes,
                              Output& output) {
    Selected& selected = *conversation.selected;
    const std::vector<Uid> uids = selected.uids(indexes);
    std::vector<Flags> before;
    before.reserve(indexes.size());
    for (const std::size_t index : indexes) before.push_back(selected.view()[index].flags);

    const auto outcome = annotates()
                             ? annotate(selected, uids, command_.annotations, unchanged_since_)
                             : selected.mailbox().change_flags(uids, change_, unchanged_since_);
    if (!outcome) {
      const bool are_too_many = annotates() && outcome.error().code == Error::Code::Limit;
      return are_too_many ? too_many_annotations() : conversation.refuse(outcome.error());
    }
    // What was done to the others the client is told at the end.
    std::vector<Uid> ours;
    std::ranges::set_difference(uids, outcome->conflicts, std::back_inserter(ours));
    selected.adopt(ours);
    selected.tell_keywords(output);

    const View::Version latest = selected.mailbox().view();
    std::string text;
    for (std::size_t k = 0; k < indexes.size(); ++k) {
      if (!latest->find(uids[k])) {
        some_expunged_ = true;
        continue;
      }
      const auto number = static_cast<std::uint32_t>(indexes[k] + 1);
      if (!outcome->conflicts.empty() && std::ranges::binary_search(outcome->conflicts, uids[k])) {
        modified_.push_back(command_.numbering == Numbering::Uid ? uids[k] : number);
        continue;
      }
      const MessageRow& row = selected.view()[indexes[k]];
      // SILENT keeps quiet about what the client did, not about what another did meanwhile.
      const bool is_silent =
          command_.echo == Store::Echo::Silent && row.flags == expected(selected, before[k]);
      const Dialect& dialect = conversation.dialect;
      if (is_silent && !dialect.condstore) continue;
      text += selected.fetch_head(indexes[k], dialect);
      if (is_silent) {
        text += "UID " + std::to_string(row.uid) + " MODSEQ (" + std::to_string(row.modseq) + ")";
      } else if (dialect.condstore || command_.numbering == Numbering::Uid) {
        text += selected.news(row, dialect);
      } else {
        text.append("FLAGS ").append(selected.flags(row, dialect.revision, flag_texts_));
      }
      text += ")\r\n";
    }
    output.give(std::move(text));
    return std::nullopt;
  }

  // What the flags are if nobody but this command changed them.
  Flags expected(const Selected& selected, Flags before) const {
    if (annotates()) return before;
    std::uint64_t mask = change_.system;
    const auto& known = selected.view().keywords();
    for (const std::string& keyword : change_.keywords) mask |= keyword_bit(known, keyword);
    switch (change_.mode) {
      case FlagChange::Mode::Add: return {before.bits | mask};
      case FlagChange::Mode::Remove: return {before.bits & ~mask};
      case FlagChange::Mode::Replace: return {mask};
    }
    return before;
  }

  Store command_;
  FlagChange change_;
  PartCheck parts_;
  std::optional<std::vector<std::size_t>> indexes_;
  std::string limited_;  // the response code, where there are too many messages
  std::size_t next_ = 0;
  std::optional<ModSeq> unchanged_since_;
  std::vector<std::uint32_t> modified_;  // numbers or UIDs, ascending
  bool some_expunged_ = false;
  FlagTexts flag_texts_;
};

}  // namespace

std::unique_ptr<Task> store(Command&& command) {
  return std::make_unique<StoreTask>(std::get<Store>(std::move(command.body)));
}

}  // namespace waxwing::imap
