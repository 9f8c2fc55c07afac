#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/search_run.h"
#include "protocols/imap/slice.h"
#include "protocols/imap/task.h"

namespace waxwing::imap {

// The search that SEARCH, SORT and THREAD begin with, in the selected mailbox.
// Held by one thread at a time.
class Searching {
 public:
  Searching(SearchKey program, std::string charset)
      : program_(std::move(program)), charset_(std::move(charset)) {}

  // The answer has to tell mod-sequences.  RFC 7162 section 3.1.5
  bool asks_for_modseq() const { return program_.has(SearchKey::Kind::ModSeq); }
  // RFC 7162 section 3.2.10.2
  bool has_numbers() const { return program_.has(SearchKey::Kind::Numbers); }

  // True when all is done; else the slice is over. An error ends it: refuse().
  Result<bool> step(Conversation& conversation, const Slice& slice, Output& output);
  std::optional<Task::Extent> extent() const;
  // Indexes into the view, ascending; all of them once step() said true.
  const std::vector<std::size_t>& found() const { return run_->found(); }
  // Of a fuzzy search: the score of each.
  const std::vector<int>& scores() const { return run_->scores(); }
  // The reply to a search that ended with an error. `returns`: what it was to return, if it said
  // so.
  Reply refuse(Conversation& conversation, const std::optional<SearchReturn>& returns,
               const Error& error) const;

 private:
  Outcome begin(Conversation& conversation, Output& output);
  std::optional<Reply> put_filters_in(Conversation& conversation);

  SearchKey program_;
  std::string charset_;
  std::optional<Reply> refusal_;  // where the error does not say it
  std::optional<SearchRun> run_;
};

}  // namespace waxwing::imap
