#pragma once

#include <span>

#include "protocols/imap/sequence_set.h"
#include "storage/types.h"

namespace waxwing::imap {

// Of UIDs that ascend, with those in a row as one range.
SequenceSet set_of(std::span<const Uid> ascending);

// Of sets whose ranges ascend: all of the first, and behind that all of the second.
SequenceSet joined(SequenceSet first, const SequenceSet& second);
// The set, whose ranges ascend, without these.
SequenceSet without(const SequenceSet& set, std::span<const Uid> ascending);

}  // namespace waxwing::imap
