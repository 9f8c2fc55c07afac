#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "protocols/imap/annotation_fetch.h"
#include "protocols/imap/body_structure_text.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/envelope_text.h"
#include "protocols/imap/fetch_line.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/message_limit.h"
#include "protocols/imap/modifiers.h"
#include "protocols/imap/object_id.h"
#include "protocols/imap/slice.h"
#include "protocols/imap/vanished.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

// As many are read from the index, or marked \Seen, at once.
constexpr std::size_t kFetchBatch = 64;
// A FETCH of so few messages, and nothing but what a view knows, runs on the loop thread.
constexpr std::size_t kQuick = 500;
// As many responses are written to the output at once.
constexpr std::size_t kFetchedRows = 256;

// RFC 8970 section 3.2
std::string preview(const FetchItem& item, FetchedMessage& message) {
  if (!item.is_lazy) return to_string(message.message().preview);
  const mail::Message* known = message.known();
  return known ? to_string(known->preview) : "NIL";
}

// FETCH and UID FETCH.  RFC 9051 section 6.4.5
class FetchTask final : public Task {
 public:
  // Limits are for what a client asks for, not for what it is told after NOTIFY.
  enum class For { Command, Push };
  FetchTask(Fetch command, For what)
      : command_(std::move(command)), for_(what), needs_(needs_of(command_.items)) {
    wants_flags_ = asks_for(FetchItem::Kind::Flags);
    wants_modseq_ = asks_for(FetchItem::Kind::ModSeq);
    // Every answer to UID FETCH has the UID.  RFC 9051 section 6.4.9
    if (command_.numbering == Numbering::Uid && !asks_for(FetchItem::Kind::Uid)) {
      command_.items.insert(command_.items.begin(), FetchItem{FetchItem::Kind::Uid});
    }
    wants_uid_ = asks_for(FetchItem::Kind::Uid);
    for (FetchItem& item : command_.items) items_.emplace_back(std::move(item));
  }

  bool is_quick(Conversation& conversation) override {
    // What has vanished is asked of the index.
    if (!needs_.only_rows() || !command_.modifiers.empty()) return false;
    const auto indexes = conversation.selected->resolve(command_.set, command_.numbering);
    return !indexes || indexes->size() <= kQuick;
  }
  Step run(Conversation& conversation, Output& output) override;
  std::optional<Extent> extent() const override {
    return indexes_ ? std::optional(Extent{next_, indexes_->size()}) : std::nullopt;
  }
  bool is_amid_line() const override { return !made_.empty() && made_.front().line.is_amid(); }

 private:
  // A response, ready but for FLAGS and MODSEQ, which stand between its halves: they may change
  // when it is marked \Seen.
  struct Made {
    Uid uid = 0;
    FetchResponse line;
    FetchResponse rest;
    bool is_split = false;
    bool is_empty = true;    // nothing but FLAGS and MODSEQ, if those
    bool is_marked = false;  // \Seen, by this command
    bool is_complete = false;
  };

  bool asks_for(FetchItem::Kind kind) const {
    return std::ranges::any_of(command_.items, [&](const FetchItem& i) { return i.kind == kind; });
  }
  std::optional<Step> begin(Conversation& conversation, Output& output);
  std::optional<Step> send(Conversation& conversation, Output& output);
  Outcome make_batch(Conversation& conversation, const Slice& slice, std::uint64_t room);
  void write_rows(const Conversation& conversation, Output& output);
  void write_row(const Selected& selected, const Dialect& dialect, std::size_t index,
                 std::string& text);
  std::uint64_t make(Conversation& conversation, std::size_t place, const Parsed* parsed);
  void mark_seen(Conversation& conversation);
  void complete(Conversation& conversation, Made& made) const;
  Step end(const Conversation& conversation, Output& output);

  Fetch command_;
  For for_;
  std::string limited_;  // the response code, where there are too many messages
  std::vector<PreparedItem> items_;
  FetchNeeds needs_;
  bool wants_uid_ = false;
  bool wants_flags_ = false;
  bool wants_modseq_ = false;
  std::optional<std::vector<std::size_t>> indexes_;
  VanishedEarlier vanished_;
  std::size_t next_ = 0;
  std::vector<std::string> ids_;  // of the batch, from this place on
  std::size_t first_id_ = 0;
  FlagTexts flag_texts_;
  FetchedAnnotations annotations_;  // of the batch
  std::deque<Made> made_;           // ascending by UID
  bool some_expunged_ = false;
  std::optional<Reply> failure_;
};

Step FetchTask::run(Conversation& conversation, Output& output) {
  if (!indexes_) {
    if (const auto step = begin(conversation, output)) return *step;
  }
  // Before any FETCH, which may give a number to what the client takes for another message.
  // RFC 7162 section 3.2.6
  if (!vanished_.write(output)) return Step::Again;
  const Slice slice(conversation.services.clock);
  while (true) {
    if (const auto step = send(conversation, output)) return *step;
    if (next_ == indexes_->size()) return end(conversation, output);
    if (output.is_full()) return Step::Again;
    if (slice.is_over_now()) return Step::Yield;
    if (needs_.only_rows()) {
      write_rows(conversation, output);
      continue;
    }
    const auto made = make_batch(conversation, slice, Output::kFull - output.size());
    if (!made) return done(conversation.refuse(made.error()));
  }
}

std::optional<Step> FetchTask::begin(Conversation& conversation, Output& output) {
  const auto modifiers = fetch_modifiers(command_.modifiers);
  if (!modifiers) return done(Reply::bad(modifiers.error()));
  if (auto refusal = refuse_items(conversation, needs_)) return done(std::move(*refusal));
  const Selected& selected = *conversation.selected;
  auto indexes = selected.resolve(command_.set, command_.numbering);
  if (!indexes) return done(Reply::bad("There is no message of that number"));
  if (modifiers->vanished) {
    if (command_.numbering != Numbering::Uid || !conversation.dialect.qresync) {
      return done(Reply::bad("VANISHED is for UID FETCH after ENABLE QRESYNC"));
    }
    auto vanished = VanishedEarlier::since(*modifiers->changed_since,
                                           selected.as_uids(command_.set), 1, selected);
    if (!vanished) return done(conversation.refuse(vanished.error()));
    vanished_ = std::move(*vanished);
  }
  // First the part, then what has changed in it.  RFC 9394 section 3.4
  if (modifiers->partial) {
    if (command_.numbering != Numbering::Uid) return done(Reply::bad("PARTIAL is for UID FETCH"));
    const auto [begin, size] = modifiers->partial->of(indexes->size());
    const auto part = std::span(*indexes).subspan(begin, size);
    indexes = std::vector(part.begin(), part.end());
  }
  if (modifiers->changed_since) {
    std::erase_if(*indexes, [&](std::size_t index) {
      return selected.view()[index].modseq <= *modifiers->changed_since;
    });
    wants_modseq_ = true;
  }
  if (wants_modseq_) conversation.enable_condstore(output);
  // RFC 4314 section 4
  const bool may_set_seen = selected.mailbox().rights().has(Rights::kSeen);
  if (selected.is_read_only() || !may_set_seen) needs_.sets_seen = false;
  if (for_ == For::Command) limited_ = cut_to_limit(conversation, selected.view(), *indexes);
  indexes_ = std::move(indexes);
  return std::nullopt;
}

std::optional<Step> FetchTask::send(Conversation& conversation, Output& output) {
  for (; !made_.empty(); made_.pop_front()) {
    Made& made = made_.front();
    if (!made.is_complete) complete(conversation, made);
    const auto is_over = made.line.hand_over(output);
    if (!is_over) return done(conversation.refuse(is_over.error()));
    if (!*is_over) return Step::Again;
  }
  return std::nullopt;
}

// Makes the next responses until they are as many as a batch or about as many bytes as there is
// room for, and marks these \Seen.
Outcome FetchTask::make_batch(Conversation& conversation, const Slice& slice, std::uint64_t room) {
  const View& view = conversation.selected->view();
  std::size_t count = std::min(kFetchBatch, indexes_->size() - next_);
  if (needs_.file) {
    // The index is not asked for messages that there will be no room for.
    std::uint64_t expected = 0;
    for (std::size_t n = 0; n < count && expected < room; ++n) {
      expected += view[(*indexes_)[next_ + n]].size;
      if (expected >= room) count = n + 1;
    }
  }
  if (needs_.annotations) {
    const auto uids = conversation.selected->uids(std::span(*indexes_).subspan(next_, count));
    const auto covered = annotations_.read(conversation.selected->mailbox(), uids, items_, room);
    if (!covered) return fail(covered.error());
    count = *covered;
  }
  const std::size_t end = next_ + count;
  std::uint64_t size = 0;
  bool goes_on = true;
  const auto make_next = [&](const Parsed* parsed) {
    size += make(conversation, next_++, parsed);
    // What opens files may take any time.
    goes_on = next_ < end && size < room && !(needs_.file && slice.is_over_now());
  };
  if (needs_.id) {
    const auto uids = conversation.selected->uids(std::span(*indexes_).subspan(next_, count));
    auto ids = conversation.selected->mailbox().email_ids(uids);
    if (!ids) return fail(ids.error());
    first_id_ = next_;
    ids_ = std::move(*ids);
  }
  if (const auto fields = needs_.fields()) {
    std::vector<Uid> uids = conversation.selected->uids(std::span(*indexes_).subspan(next_, count));
    if (!needs_.header && !needs_.message && !needs_.known) {
      // Of a short message that is sent as it is, the file says all.
      std::erase_if(uids, [&](Uid uid) { return view[*view.find(uid)].size <= kCopied; });
    }
    const auto read =
        conversation.selected->mailbox().read(uids, *fields, [&](Uid uid, const Parsed& parsed) {
          // Those that the index did not visit have been expunged by somebody else, or are not in
          // it yet.
          while (goes_on && view[(*indexes_)[next_]].uid < uid) make_next(nullptr);
          if (goes_on) make_next(&parsed);
          return goes_on;
        });
    if (!read) return read;
  }
  while (goes_on) make_next(nullptr);
  if (needs_.sets_seen) mark_seen(conversation);
  return {};
}

// What a view knows cannot fail, and nothing marks it: it is written as it is read.
void FetchTask::write_rows(const Conversation& conversation, Output& output) {
  const std::size_t end = std::min(next_ + kFetchedRows, indexes_->size());
  std::string text;
  while (next_ < end) {
    write_row(*conversation.selected, conversation.dialect, (*indexes_)[next_++], text);
  }
  output.give(std::move(text));
}

void FetchTask::write_row(const Selected& selected, const Dialect& dialect, std::size_t index,
                          std::string& text) {
  const MessageRow& row = selected.view()[index];
  text += selected.fetch_head(index, dialect);
  std::string_view separator;
  const auto add = [&](std::string_view name, std::string_view value) {
    text.append(separator).append(name).append(value);
    separator = " ";
  };
  bool has_state = false;
  const auto add_state = [&] {
    if (std::exchange(has_state, true)) return;
    if (wants_flags_) add("FLAGS ", selected.flags(row, dialect.revision, flag_texts_));
    if (wants_modseq_) add("MODSEQ (", std::to_string(row.modseq) + ")");
  };
  for (const PreparedItem& item : items_) {
    switch (item.kind) {
      case FetchItem::Kind::Uid: add("UID ", std::to_string(row.uid)); break;
      case FetchItem::Kind::SaveDate: add("SAVEDATE ", to_date_time(row.save_date)); break;
      case FetchItem::Kind::Size: add("RFC822.SIZE ", std::to_string(row.size)); break;
      case FetchItem::Kind::InternalDate:
        add("INTERNALDATE ", to_date_time(row.internal_date));
        break;
      default: add_state(); break;
    }
  }
  add_state();
  text += ")\r\n";
}

// A message whose text is fetched without PEEK has been seen, once there is an answer to send.
void FetchTask::mark_seen(Conversation& conversation) {
  Selected& selected = *conversation.selected;
  std::vector<Uid> unseen;
  for (const Made& made : made_) {
    const auto index = selected.view().find(made.uid);
    if (index && !selected.view()[*index].flags.has(Flags::kSeen)) unseen.push_back(made.uid);
  }
  if (unseen.empty()) return;
  const auto changed =
      selected.mailbox().change_flags(unseen, {FlagChange::Mode::Add, Flags::kSeen, {}});
  // Where nothing can be written one can still read.
  if (!changed) return;
  selected.adopt(unseen);
  for (Made& made : made_) made.is_marked = std::ranges::binary_search(unseen, made.uid);
}

// Returns how long the response is; 0 when there is none.
std::uint64_t FetchTask::make(Conversation& conversation, std::size_t place, const Parsed* parsed) {
  const Selected& selected = *conversation.selected;
  const std::size_t index = (*indexes_)[place];
  const MessageRow row = selected.view()[index];
  FetchedMessage message(selected.mailbox(), row.uid, parsed);
  if (const auto prepared = message.prepare(needs_); !prepared) {
    if (prepared.error().code == Error::Code::NotFound) {
      some_expunged_ = true;
    } else {
      failure_ = conversation.refuse(prepared.error());
    }
    return 0;
  }
  const std::string_view id = needs_.id ? std::string_view(ids_[place - first_id_]) : "";
  if (needs_.id && id.empty()) {
    some_expunged_ = true;
    return 0;
  }
  Made made;
  made.uid = row.uid;
  FetchResponse* line = &made.line;
  *line << selected.fetch_head(index, conversation.dialect);
  std::string_view separator;
  for (const PreparedItem& item : items_) {
    const bool comes_late =
        item.kind == FetchItem::Kind::Flags || item.kind == FetchItem::Kind::ModSeq;
    if (comes_late && made.is_split) continue;
    std::string annotations;
    if (item.kind == FetchItem::Kind::Annotation) {
      annotations = annotation_text(item.annotation, annotations_.of(row.uid));
      if (annotations.empty()) continue;
    }
    if (!comes_late) made.is_empty = false;
    *line << separator;
    separator = " ";
    if (comes_late) {
      made.is_split = true;
      line = &made.rest;
      continue;
    }
    switch (item.kind) {
      case FetchItem::Kind::Uid: *line << "UID " << std::to_string(row.uid); break;
      case FetchItem::Kind::EmailId: *line << "EMAILID (" << email_id(id) << ")"; break;
      case FetchItem::Kind::ThreadId: {
        const auto header = message.header();
        const std::string thread = header ? thread_id(*header) : std::string();
        *line << "THREADID (" << (thread.empty() ? thread_id_alone(id) : thread) << ")";
        break;
      }
      case FetchItem::Kind::SaveDate: *line << "SAVEDATE " << to_date_time(row.save_date); break;
      case FetchItem::Kind::Size: *line << "RFC822.SIZE " << std::to_string(row.size); break;
      case FetchItem::Kind::InternalDate:
        *line << "INTERNALDATE " << to_date_time(row.internal_date);
        break;
      case FetchItem::Kind::Envelope:
        *line << "ENVELOPE " << envelope_text(message.message().envelope);
        break;
      case FetchItem::Kind::Body:
        *line << "BODY "
              << body_structure_text(message.message().root, Detail::Basic,
                                     conversation.dialect.revision);
        break;
      case FetchItem::Kind::BodyStructure:
        *line << "BODYSTRUCTURE "
              << body_structure_text(message.message().root, Detail::Extended,
                                     conversation.dialect.revision);
        break;
      case FetchItem::Kind::Annotation:
        if (!message.spend(annotations.size())) {
          failure_ = Reply::no("That is too much at once: fetch it in pieces", "LIMIT");
          return 0;
        }
        line->give(std::move(annotations));
        break;
      case FetchItem::Kind::Preview: *line << "PREVIEW " << preview(item, message); break;
      default:
        if (auto failure = write_section(item, message, *line)) {
          failure_ = std::move(failure);
          return 0;
        }
    }
  }
  // Patterns that stand for nothing here were all that was asked for.
  if (made.is_empty && !made.is_split && !wants_modseq_) return 0;
  made_.push_back(std::move(made));
  return made_.back().line.size() + made_.back().rest.size();
}

void FetchTask::complete(Conversation& conversation, Made& made) const {
  const Selected& selected = *conversation.selected;
  const MessageRow row = selected.view()[*selected.view().find(made.uid)];
  const bool is_news = made.is_marked && conversation.dialect.condstore;
  std::string_view separator = made.is_split || made.is_empty ? "" : " ";
  const auto add = [&](std::string_view name, std::string_view value) {
    made.line << separator << name << value;
    separator = " ";
  };
  if (wants_flags_ || made.is_marked) {
    add("FLAGS ", selected.flags(row, conversation.dialect.revision));
  }
  if (wants_modseq_ || is_news) add("MODSEQ (", std::to_string(row.modseq) + ")");
  if (is_news && !wants_uid_) add("UID ", std::to_string(row.uid));
  made.line.append(std::move(made.rest));
  made.line << ")\r\n";
  made.is_complete = true;
}

Step FetchTask::end(const Conversation& conversation, Output& output) {
  if (failure_) return done(*failure_);
  Reply reply = Reply::ok("That is all");
  if (some_expunged_) {
    // RFC 9051 section 7.1: whoever goes by UIDs asked for nothing that is not there.
    reply = Reply::ok("Some messages have been expunged", "EXPUNGEISSUED");
    if (command_.numbering == Numbering::Sequence) reply.kind = Reply::Kind::No;
  }
  return done(with_limit(conversation, limited_, std::move(reply), output));
}

}  // namespace

std::unique_ptr<Task> fetch(Command&& command) {
  const auto what = command.tag.empty() ? FetchTask::For::Push : FetchTask::For::Command;
  return std::make_unique<FetchTask>(std::get<Fetch>(std::move(command.body)), what);
}

}  // namespace waxwing::imap
