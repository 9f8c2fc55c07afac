#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/imap/collation.h"
#include "protocols/imap/column_pass.h"
#include "protocols/imap/sliced_sort.h"
#include "protocols/imap/sort_key.h"
#include "storage/view.h"

namespace waxwing::imap {

// One sort under way: first what the keys ask for is read, of each message once, then the messages
// are put in order. It stops where it is asked to, like SearchRun. Held by one thread at a time.
class SortRun {
 public:
  // `found`: indexes into the view, ascending. `scores`: of each, after a fuzzy search.
  SortRun(const SortKeys& keys, View::Version view, std::vector<std::size_t> found,
          std::vector<int> scores = {}, Collation collation = Collation::UnicodeCasemap);
  SortRun(const SortRun&) = delete;
  SortRun& operator=(const SortRun&) = delete;

  // True when all is done. An error ends the sort.
  Result<bool> step(SearchSource& source, const std::function<bool()>& is_time_up);
  // How far it is.
  const ColumnPass& headers() const { return headers_; }
  // Indexes into the view in the order asked for; messages that the keys do not tell apart are in
  // the order of the mailbox. Once step() said true.
  const std::vector<std::size_t>& sorted() const { return sorted_; }
  // The scores in that order.
  const std::vector<int>& scores() const { return sorted_scores_; }

 private:
  // What one key knows of each message, by its position in what was found.
  struct Column {
    SortKey key;
    std::optional<std::size_t> value;  // which of the columns of the headers; else the row has it
    bool is_text = false;
    std::vector<std::int64_t> numbers;
    std::string texts;  // one behind the other
    std::vector<std::size_t> ends;

    // In the order of the positions; those that are passed over have no text.
    void add(std::size_t position, std::string_view text);
    void fill_up_to(std::size_t position);
    std::string_view text(std::size_t position) const;
    std::size_t common() const;
  };
  // The first key decides most comparisons, and by its first octets.
  struct Item {
    std::uint64_t lead = 0;
    std::uint32_t position = 0;
  };
  struct Less {
    const SortRun* run;
    bool operator()(const Item& a, const Item& b) const { return run->is_less(a, b); }
  };

  void fill_from_row(std::size_t position);
  void fill(std::size_t position, std::span<const std::string_view> values);
  Result<bool> fill_from_annotations(SearchSource& source, const std::function<bool()>& is_time_up);
  void fill_from_annotations(std::size_t position, std::span<const MessageAnnotation> annotations);
  std::vector<Item> items() const;
  bool is_less(const Item& a, const Item& b) const;

  Collation collation_;
  ColumnPass headers_;
  std::vector<Column> columns_;
  bool wants_headers_ = false;
  bool wants_annotations_ = false;
  std::size_t annotated_ = 0;  // so many positions are filled from annotations
  std::optional<SlicedSort<Item, Less>> order_;
  std::vector<std::size_t> sorted_;
  std::vector<int> scores_, sorted_scores_;
};

}  // namespace waxwing::imap
