#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "protocols/imap/selected.h"
#include "protocols/imap/sequence_set.h"
#include "protocols/output.h"

namespace waxwing::imap {

// VANISHED (EARLIER) on its way to the client: which of the UIDs that it knows are gone.
// RFC 7162 section 3.2.10.1
class VanishedEarlier {
 public:
  VanishedEarlier() = default;
  // Of `known` UIDs, those from `first` on that were expunged after `modseq`. When nobody remembers
  // that far back, all of them that are not there: more than asked for, and true. Messages that
  // are still numbered in this session come later, as VANISHED. May block.
  static Result<VanishedEarlier> since(ModSeq modseq, const SequenceSet& known, Uid first,
                                       const Selected& selected);

  // False: the output is full, and there is more.
  bool write(Output& output);

 private:
  std::vector<SequenceSet::Range> ranges_;
  std::size_t next_ = 0;
};

}  // namespace waxwing::imap
