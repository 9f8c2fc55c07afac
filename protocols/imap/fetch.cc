#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "protocols/imap/body_structure_text.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/envelope_text.h"
#include "protocols/imap/fetch_line.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/slice.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

// As many are read or marked \Seen before the clock and the output are looked at again.
constexpr std::size_t kBatch = 64;
// A FETCH of so few messages, and nothing but what a view knows, runs on the loop thread.
constexpr std::size_t kQuick = 500;

// FETCH and UID FETCH.  RFC 9051 section 6.4.5
class FetchTask final : public Task {
 public:
  explicit FetchTask(Fetch command)
      : command_(std::move(command)), needs_(needs_of(command_.items)) {
    wants_flags_ = asks_for(FetchItem::Kind::Flags);
    // Every answer to UID FETCH has the UID.  RFC 9051 section 6.4.9
    if (command_.numbering == Numbering::Uid && !asks_for(FetchItem::Kind::Uid)) {
      command_.items.insert(command_.items.begin(), FetchItem{FetchItem::Kind::Uid});
    }
  }

  bool is_quick(Conversation& conversation) override {
    if (!needs_.only_rows()) return false;
    const auto indexes = conversation.selected->resolve(command_.set, command_.numbering);
    return !indexes || indexes->size() <= kQuick;
  }
  Step run(Conversation& conversation, Output& output) override;

 private:
  bool asks_for(FetchItem::Kind kind) const {
    return std::ranges::any_of(command_.items, [&](const FetchItem& i) { return i.kind == kind; });
  }
  Step run_rows(Conversation& conversation, Output& output);
  Step run_batches(Conversation& conversation, Output& output);
  void mark_seen(Conversation& conversation, std::span<const Uid> uids);
  void write(Conversation& conversation, std::size_t index, const Parsed* parsed, Output& output);
  Step end();

  Fetch command_;
  FetchNeeds needs_;
  bool wants_flags_ = false;
  std::optional<std::vector<std::size_t>> indexes_;
  std::size_t next_ = 0;
  std::vector<Uid> marked_;  // of this batch: newly \Seen, ascending
  bool some_expunged_ = false;
  std::optional<Reply> failure_;
};

Step FetchTask::run(Conversation& conversation, Output& output) {
  if (!indexes_) {
    if (!command_.modifiers.empty()) return done(Reply::bad("Unknown fetch modifier"));
    indexes_ = conversation.selected->resolve(command_.set, command_.numbering);
    if (!indexes_) return done(Reply::bad("There is no message of that number"));
    if (conversation.selected->is_read_only()) needs_.sets_seen = false;
  }
  return needs_.only_rows() ? run_rows(conversation, output) : run_batches(conversation, output);
}

Step FetchTask::run_rows(Conversation& conversation, Output& output) {
  Slice slice(conversation.services.clock);
  for (; next_ < indexes_->size(); ++next_) {
    if (output.is_full()) return Step::Again;
    if (slice.is_over()) return Step::Yield;
    write(conversation, (*indexes_)[next_], nullptr, output);
  }
  return end();
}

Step FetchTask::run_batches(Conversation& conversation, Output& output) {
  Slice slice(conversation.services.clock);
  Mailbox& mailbox = conversation.selected->mailbox();
  while (next_ < indexes_->size()) {
    const std::size_t count = std::min(kBatch, indexes_->size() - next_);
    const std::vector<Uid> uids =
        conversation.selected->uids(std::span(*indexes_).subspan(next_, count));
    if (needs_.sets_seen) mark_seen(conversation, uids);
    const std::size_t end = next_ + count;
    bool is_full = false;

    // Those before `uid` that the index did not visit have been expunged by somebody else.
    const auto write_until = [&](Uid uid) {
      while (next_ < end && conversation.selected->view()[(*indexes_)[next_]].uid < uid) {
        write(conversation, (*indexes_)[next_++], nullptr, output);
      }
    };
    if (needs_.header || needs_.message) {
      const auto fields = needs_.message ? Mailbox::Fields::All : Mailbox::Fields::Header;
      const auto read = mailbox.read(uids, fields, [&](Uid uid, const Parsed& parsed) {
        write_until(uid);
        write(conversation, (*indexes_)[next_++], &parsed, output);
        is_full = output.is_full();
        return !is_full;
      });
      if (!read) return done(conversation.refuse(read.error()));
      if (is_full) return Step::Again;
    }
    for (; next_ < end; ++next_) {
      if (output.is_full()) return Step::Again;
      write(conversation, (*indexes_)[next_], nullptr, output);
    }
    if (output.is_full()) return Step::Again;
    if (next_ < indexes_->size() && slice.is_over_now()) return Step::Yield;
  }
  return this->end();
}

// A message whose text is fetched without PEEK has been seen.
void FetchTask::mark_seen(Conversation& conversation, std::span<const Uid> uids) {
  Selected& selected = *conversation.selected;
  std::vector<Uid> unseen;
  for (const Uid uid : uids) {
    const auto index = selected.view().find(uid);
    if (index && !selected.view()[*index].flags.has(Flags::kSeen)) unseen.push_back(uid);
  }
  if (unseen.empty()) return;
  const auto changed =
      selected.mailbox().change_flags(unseen, {FlagChange::Mode::Add, Flags::kSeen, {}});
  // Where nothing can be written one can still read.
  if (!changed) return;
  selected.adopt(unseen);
  marked_.insert(marked_.end(), unseen.begin(), unseen.end());
}

void FetchTask::write(Conversation& conversation, std::size_t index, const Parsed* parsed,
                      Output& output) {
  const Selected& selected = *conversation.selected;
  const MessageRow row = selected.view()[index];
  FetchedMessage message(selected.mailbox(), row.uid, parsed);
  if (const auto prepared = message.prepare(needs_); !prepared) {
    if (prepared.error().code == Error::Code::NotFound) {
      some_expunged_ = true;
    } else {
      failure_ = conversation.refuse(prepared.error());
    }
    return;
  }
  Output line;  // it is written in full or not at all
  line << "* " << std::to_string(index + 1) << " FETCH (";
  std::string_view separator;
  for (const FetchItem& item : command_.items) {
    line << separator;
    separator = " ";
    switch (item.kind) {
      case FetchItem::Kind::Uid: line << "UID " << std::to_string(row.uid); break;
      case FetchItem::Kind::Flags:
        line << "FLAGS " << selected.flags(row, conversation.revision);
        break;
      case FetchItem::Kind::Size: line << "RFC822.SIZE " << std::to_string(row.size); break;
      case FetchItem::Kind::InternalDate:
        line << "INTERNALDATE " << to_date_time(row.internal_date);
        break;
      case FetchItem::Kind::Envelope:
        line << "ENVELOPE " << envelope_text(message.message().envelope);
        break;
      case FetchItem::Kind::Body:
        line << "BODY " << body_structure_text(message.message().root, Detail::Basic);
        break;
      case FetchItem::Kind::BodyStructure:
        line << "BODYSTRUCTURE " << body_structure_text(message.message().root, Detail::Extended);
        break;
      default:
        if (auto failure = write_section(item, message, line)) {
          failure_ = std::move(failure);
          return;
        }
    }
  }
  if (!wants_flags_ && std::ranges::binary_search(marked_, row.uid)) {
    line << " FLAGS " << selected.flags(row, conversation.revision);
  }
  line << ")\r\n";
  output.append(std::move(line));
}

Step FetchTask::end() {
  if (failure_) return done(*failure_);
  if (!some_expunged_) return done(Reply::ok("That is all"));
  // RFC 9051 section 7.1: whoever goes by UIDs asked for nothing that is not there.
  if (command_.numbering == Numbering::Uid) {
    return done(Reply::ok("Some messages have been expunged", "EXPUNGEISSUED"));
  }
  return done(Reply::no("Some messages have been expunged", "EXPUNGEISSUED"));
}

}  // namespace

std::unique_ptr<Task> fetch(Command&& command) {
  return std::make_unique<FetchTask>(std::get<Fetch>(std::move(command.body)));
}

}  // namespace waxwing::imap
