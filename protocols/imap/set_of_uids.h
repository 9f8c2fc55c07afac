#pragma once

#include <span>

#include "protocols/imap/sequence_set.h"
#include "storage/types.h"

namespace waxwing::imap {

// Of UIDs that ascend, with those in a row as one range.
SequenceSet set_of(std::span<const Uid> ascending);

}  // namespace waxwing::imap
