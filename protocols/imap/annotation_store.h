#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <tl/expected.hpp>
#include <vector>

#include "protocols/imap/annotation.h"
#include "protocols/imap/selected.h"
#include "protocols/imap/slice.h"

namespace waxwing::imap {

// STORE ANNOTATION.  RFC 5257 section 4.5

// Why the client may not annotate the selected mailbox like that, if so. May block.
std::optional<Reply> refuse_to_annotate(const Conversation& conversation,
                                        std::span<const AnnotationChange> changes);
Reply too_many_annotations();
// So many messages are annotated in one commit.
std::size_t batch_of(std::span<const AnnotationChange> changes);
// Of the selected mailbox, whose client need not be told of it.
Result<Mailbox::FlagOutcome> annotate(Selected& selected, std::span<const Uid> uids,
                                      std::span<const AnnotationChange> changes,
                                      std::optional<ModSeq> unchanged_since);

// Whether messages have the parts that are spoken of: all are looked at before any is changed. Held
// by one thread at a time.
class PartCheck {
 public:
  explicit PartCheck(std::vector<AnnotationChange> changes);

  // No part is spoken of, or all have been looked at.
  bool is_done() const { return is_done_; }
  // True: they have them all; false: the slice is over.
  tl::expected<bool, Reply> step(const Selected& selected, std::span<const std::size_t> indexes,
                                 const Slice& slice);

 private:
  std::vector<AnnotationChange> changes_;
  std::size_t next_ = 0;
  bool is_done_ = false;
};

}  // namespace waxwing::imap
