#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "protocols/imap/column_pass.h"
#include "protocols/imap/search_program.h"
#include "protocols/imap/search_source.h"
#include "storage/mailbox.h"
#include "storage/view.h"

namespace waxwing::imap {

// One search under way. Rows first, then columns of those that may still match, then what an index
// of texts knows, then the headers of the rest, then bodies. It stops where it is asked to and goes
// on with the next step(), so that a long search, also one through a long message, shares its lane.
// Held by one thread at a time.
class SearchRun {
 public:
  SearchRun(SearchProgram program, View::Version view);

  // True when all is done. `is_time_up` is asked between pieces of work of a few milliseconds. An
  // error ends the search.
  Result<bool> step(SearchSource& source, const std::function<bool()>& is_time_up);
  // Of candidates, so many are decided.
  std::size_t decided() const;
  std::size_t candidates() const { return candidates_.size(); }
  // Indexes into the view, ascending; all of them once step() said true.
  const std::vector<std::size_t>& found() const { return found_; }
  // Of a fuzzy search: the score of each, 1 to 100.
  const std::vector<int>& scores() const { return scores_; }

 private:
  // A message of which the body has to be read; the header is a view of the block.
  struct OpenMessage {
    std::size_t index;
    std::string block;
    SearchedHeader header;
    BodySearch search;
  };

  void add(const SearchProgram::Evidence& evidence);
  // Of what the index has said, if it was asked and has.
  const TextAnswers* texts() const;
  void finish();
  void test_rows();
  Outcome test_columns(SearchSource& source, const std::function<bool()>& is_time_up);
  void look_up(SearchSource& source);
  void test_texts();
  Outcome test_headers(SearchSource& source, const std::function<bool()>& is_time_up);
  Outcome open_message(SearchSource& source, std::size_t index);
  Outcome test_body();

  SearchProgram program_;
  View::Version view_;
  std::vector<std::size_t> candidates_;
  std::size_t next_candidate_ = 0;
  std::vector<std::size_t> wants_header_;
  std::size_t next_header_ = 0;
  std::optional<ColumnPass> columns_;
  bool is_past_columns_ = false;
  bool is_looked_up_ = false;
  std::unique_ptr<TextLookup> lookup_;
  std::vector<std::size_t> wants_body_;
  std::unique_ptr<OpenMessage> open_;
  std::vector<std::pair<std::size_t, int>> hits_;  // index and score, in any order
  std::vector<std::size_t> found_;
  std::vector<int> scores_;
};

}  // namespace waxwing::imap
