#include "protocols/imap/annotation_store.h"

#include <algorithm>
#include <utility>

#include "protocols/imap/conversation.h"

namespace waxwing::imap {
namespace {

// Of values, in one commit.
constexpr std::size_t kBatchBytes = 4 << 20;
constexpr std::size_t kAnnotationBatch = 1000;
// Of messages that are looked at between two looks at the time.
constexpr std::size_t kLooked = 64;

}  // namespace

std::optional<Reply> refuse_to_annotate(const Conversation& conversation,
                                        std::span<const AnnotationChange> changes) {
  if (auto refusal = refuse_annotations(conversation, changes)) return refusal;
  // What may be annotated without the right to change anything else, the mailbox knows.
  if (!conversation.selected->may_annotate()) {
    return Reply::no("The mailbox is open for reading", "READ-ONLY");
  }
  const bool is_removal = std::ranges::none_of(
      changes, [](const AnnotationChange& change) { return change.value.has_value(); });
  if (is_removal) return std::nullopt;
  const auto room = conversation.services.store.check_space();
  return room ? std::nullopt : std::optional(conversation.refuse(room.error()));
}

Reply too_many_annotations() {
  return Reply::no("That are too many annotations of one message", "ANNOTATE TOOMANY");
}

std::size_t batch_of(std::span<const AnnotationChange> changes) {
  std::size_t bytes = 1;
  for (const auto& change : changes) bytes += change.value ? change.value->size() : 0;
  return std::clamp<std::size_t>(kBatchBytes / bytes, 1, kAnnotationBatch);
}

Result<Mailbox::FlagOutcome> annotate(Selected& selected, std::span<const Uid> uids,
                                      std::span<const AnnotationChange> changes,
                                      std::optional<ModSeq> unchanged_since) {
  auto outcome = selected.mailbox().annotate(uids, changes, unchanged_since);
  if (outcome && !outcome->changed.empty()) selected.annotations().skip(outcome->modseq);
  return outcome;
}

PartCheck::PartCheck(std::vector<AnnotationChange> changes)
    : changes_(std::move(changes)), is_done_(!speaks_of_parts(changes_)) {}

tl::expected<bool, Reply> PartCheck::step(const Selected& selected,
                                          std::span<const std::size_t> indexes,
                                          const Slice& slice) {
  while (next_ < indexes.size()) {
    if (slice.is_over_now()) return false;
    const auto some = indexes.subspan(next_, std::min(kLooked, indexes.size() - next_));
    bool has_all = true;
    const auto read = selected.mailbox().read(selected.uids(some), Mailbox::Fields::All,
                                              [&](Uid, const Parsed& parsed) {
                                                const auto message = mail::decode(parsed.message);
                                                has_all = !message || has_parts(changes_, *message);
                                                return has_all;
                                              });
    if (!read) return tl::unexpected(to_reply(read.error()));
    if (!has_all) return tl::unexpected(no_such_part());
    next_ += some.size();
  }
  is_done_ = true;
  return true;
}

}  // namespace waxwing::imap
