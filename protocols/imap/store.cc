#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/slice.h"

namespace waxwing::imap {
namespace {

// As many messages change in one commit.
constexpr std::size_t kBatch = 1000;

FlagChange to_change(const Store& command) {
  FlagChange change{FlagChange::Mode::Replace, command.flags.system, command.flags.keywords};
  switch (command.mode) {
    case Store::Mode::Add: change.mode = FlagChange::Mode::Add; break;
    case Store::Mode::Remove: change.mode = FlagChange::Mode::Remove; break;
    case Store::Mode::Replace: break;
  }
  return change;
}

// STORE and UID STORE.  RFC 9051 section 6.4.6
class StoreTask final : public Task {
 public:
  explicit StoreTask(Store command) : command_(std::move(command)), change_(to_change(command_)) {}

  Step run(Conversation& conversation, Output& output) override {
    if (!indexes_) {
      if (!command_.modifiers.empty()) return done(Reply::bad("Unknown store modifier"));
      if (conversation.selected->is_read_only()) {
        return done(Reply::no("The mailbox is open for reading", "READ-ONLY"));
      }
      indexes_ = conversation.selected->resolve(command_.set, command_.numbering);
      if (!indexes_) return done(Reply::bad("There is no message of that number"));
    }
    Slice slice(conversation.services.clock);
    while (next_ < indexes_->size()) {
      if (output.is_full()) return Step::Again;
      if (slice.is_over_now()) return Step::Yield;
      const std::size_t count = std::min(kBatch, indexes_->size() - next_);
      if (auto failure = change(conversation, std::span(*indexes_).subspan(next_, count), output)) {
        return done(std::move(*failure));
      }
      next_ += count;
    }
    if (some_expunged_ && command_.numbering == Numbering::Sequence) {
      return done(Reply::no("Some messages have been expunged", "EXPUNGEISSUED"));
    }
    return done(Reply::ok("Stored"));
  }

 private:
  std::optional<Reply> change(Conversation& conversation, std::span<const std::size_t> indexes,
                              Output& output) {
    Selected& selected = *conversation.selected;
    const std::vector<Uid> uids = selected.uids(indexes);
    std::vector<Flags> before;
    before.reserve(indexes.size());
    for (const std::size_t index : indexes) before.push_back(selected.view()[index].flags);

    const auto outcome = selected.mailbox().change_flags(uids, change_);
    if (!outcome) return conversation.refuse(outcome.error());
    selected.adopt(uids);
    selected.tell_keywords(output);

    const View::Version latest = selected.mailbox().view();
    for (std::size_t k = 0; k < indexes.size(); ++k) {
      if (!latest->find(uids[k])) {
        some_expunged_ = true;
        continue;
      }
      const MessageRow& row = selected.view()[indexes[k]];
      // SILENT keeps quiet about what the client did, not about what another did meanwhile.
      if (command_.echo == Store::Echo::Silent && row.flags == expected(selected, before[k])) {
        continue;
      }
      output << "* " << std::to_string(indexes[k] + 1) << " FETCH (";
      if (command_.numbering == Numbering::Uid) {
        output << "UID " << std::to_string(row.uid) << " ";
      }
      output << "FLAGS " << selected.flags(row, conversation.revision) << ")\r\n";
    }
    return std::nullopt;
  }

  // What the flags are if nobody but this command changed them.
  Flags expected(const Selected& selected, Flags before) const {
    std::uint64_t mask = change_.system;
    const auto& known = selected.view().keywords();
    for (const std::string& keyword : change_.keywords) {
      const auto found = std::ranges::find_if(
          known, [&](const std::string& name) { return equals_ignoring_case(name, keyword); });
      if (found == known.end()) continue;
      mask |= std::uint64_t{1} << (Flags::kFirstKeyword + (found - known.begin()));
    }
    switch (change_.mode) {
      case FlagChange::Mode::Add: return {before.bits | mask};
      case FlagChange::Mode::Remove: return {before.bits & ~mask};
      case FlagChange::Mode::Replace: return {mask};
    }
    return before;
  }

  Store command_;
  FlagChange change_;
  std::optional<std::vector<std::size_t>> indexes_;
  std::size_t next_ = 0;
  bool some_expunged_ = false;
};

}  // namespace

std::unique_ptr<Task> store(Command&& command) {
  return std::make_unique<StoreTask>(std::get<Store>(std::move(command.body)));
}

}  // namespace waxwing::imap
