#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "protocols/imap/collation.h"
#include "protocols/imap/command.h"
#include "storage/view.h"

namespace waxwing::imap {

// The result of one SEARCH or SORT with RETURN (UPDATE), as its client knows it, and what the
// client is told when it becomes another: lines with ADDTO and REMOVEFROM.  RFC 5267 section 4.3
// Pure; held by one thread at a time.
class SearchContext {
 public:
  struct Wanted {
    std::string tag;
    Numbering numbering = Numbering::Sequence;
    // With filters in place, and message numbers and "$" made UIDs: they mean what they meant when
    // the command came.
    SearchKey program;
    std::string charset;
    SortKeys keys;  // none: in the order of the mailbox
    Collation collation = Collation::UnicodeCasemap;
    std::vector<FetchItem> items = {};  // of messages that come in and match
  };
  // `results`: in the order asked for.
  SearchContext(Wanted wanted, std::vector<Uid> results);

  const Wanted& wanted() const { return wanted_; }
  const std::vector<Uid>& results() const { return results_; }
  bool is_sorted() const { return !wanted_.keys.empty(); }

  // These lines are to be sent in their order. Message numbers in them are those of `view`, which
  // has all the messages that are spoken of. A line names no more than some thousand.
  using Lines = std::vector<std::string>;

  // These messages, ascending, are no results any more.
  Lines remove(const View& view, std::span<const Uid> gone);
  // These messages, ascending, are results, if they are not yet. In a sorted result each comes
  // behind the one that `order` has before it; there `order` has all results, in the order asked
  // for.
  Lines add(const View& view, std::span<const Uid> matching, std::span<const Uid> order = {});
  // Those of `matching`, ascending, that are no results yet.
  std::vector<Uid> missing(std::span<const Uid> matching) const;

 private:
  // Some results next to each other, at this place (counted from 1) of the result as it is when
  // what stands before in the same line is done.
  struct Run {
    std::size_t position = 0;
    std::vector<Uid> uids;
  };
  Lines lines(std::string_view item, const View& view, const std::vector<Run>& runs) const;
  Lines insert(const View& view, const std::vector<Uid>& added, std::span<const Uid> order);

  Wanted wanted_;
  std::vector<Uid> results_;
};

}  // namespace waxwing::imap
