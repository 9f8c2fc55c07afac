#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/imap/collation.h"
#include "protocols/imap/column_block.h"
#include "protocols/imap/header_column.h"
#include "protocols/imap/search_source.h"
#include "storage/view.h"

namespace waxwing::imap {

// One look at columns of many messages, in slices: at what is kept of them, else at the headers,
// and then what was worked out is kept for the next one. Held by one thread at a time.
class ColumnPass {
 public:
  // `indexes`: into the view, ascending. Only what goes by the default collation is kept.
  ColumnPass(View::Version view, std::vector<std::size_t> indexes,
             std::vector<HeaderColumn> columns, Collation collation);

  struct Values {
    // In the order of the columns; each empty when the message is gone by now.
    std::span<const std::string_view> of;
    bool is_gone = false;
    // The header is longer than what was looked at.
    bool is_cut = false;
  };
  using Visit = std::function<void(std::size_t position, const Values& values)>;
  // Goes on with the next messages until the time is up. `visit` gets each of them once and in
  // order, by its position in indexes(). True: that was the last. An error ends the pass.
  Result<bool> step(SearchSource& source, const std::function<bool()>& is_time_up,
                    const Visit& visit);

  // So many have been visited.
  std::size_t passed() const { return next_; }
  const std::vector<std::size_t>& indexes() const { return indexes_; }
  const MessageRow& row(std::size_t position) const { return (*view_)[indexes_[position]]; }

 private:
  // The blocks of one column that were kept, of those that were asked for.
  using Kept = std::vector<ColumnBlock>;
  // A block of which every header is read, to be kept.
  struct Making {
    Uid block = 0;
    Uid read_up_to = 0;  // all before this one are
    std::vector<ColumnBlock::Maker> columns;
  };

  Outcome pass_block(SearchSource& source, const std::function<bool()>& is_time_up,
                     const Visit& visit);
  void fetch(SearchSource& source, Uid block);
  std::vector<const ColumnBlock*> kept(Uid block) const;
  Outcome visit_kept(SearchSource& source, const std::vector<const ColumnBlock*>& blocks,
                     std::size_t end, const std::function<bool()>& is_time_up, const Visit& visit);
  bool find_kept(const std::vector<const ColumnBlock*>& blocks, Uid uid);
  Outcome visit_headers(SearchSource& source, Uid block, std::size_t end,
                        const std::function<bool()>& is_time_up, const Visit& visit);
  bool is_worth_keeping(Uid block, std::size_t end) const;
  std::vector<Uid> uids_to_read(Uid block, std::size_t end) const;
  // The values for a header, in values_.
  void work_out(std::string_view block);
  void add_to_made(Uid uid, bool is_whole);
  void finish_made();
  void visit_gone(std::size_t end, const Visit& visit);
  void keep(SearchSource& source);

  View::Version view_;
  std::vector<std::size_t> indexes_;
  std::vector<HeaderColumn> columns_;
  Collation collation_;
  std::size_t next_ = 0;
  Uid fetched_end_ = 0;        // all wanted blocks before this one are, or are done with
  std::vector<Kept> fetched_;  // by column
  std::optional<Making> making_;
  std::vector<std::vector<Extract>> made_;  // by column
  std::vector<std::string> worked_out_;
  std::vector<std::string_view> values_;
};

}  // namespace waxwing::imap
