#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/imap/annotation_search.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/search_run.h"
#include "protocols/imap/slice.h"
#include "protocols/imap/task.h"

namespace waxwing::imap {

// Where to search.
struct SearchPlace {
  Mailbox& mailbox;
  View::Version view;
  Uid recent_from = UINT32_MAX;
  std::span<const Uid> saved = {};  // "$"

  static SearchPlace of(const Selected& selected);
};

// The search that SEARCH, SORT and THREAD begin with, in the selected mailbox or, for ESEARCH, in
// one after the other. Held by one thread at a time.
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
  Result<bool> step(Conversation& conversation, const SearchPlace& place, const Slice& slice,
                    Output& output);
  // The next step() begins in another place.
  void restart() {
    run_.reset();
    annotations_.reset();
  }
  // As they are searched for: with filters in place.
  const SearchKey& program() const { return program_; }
  const std::string& charset() const { return charset_; }
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
  // True when there is a run; false: the slice is over.
  Result<bool> begin(Conversation& conversation, const SearchPlace& place, const Slice& slice,
                     Output& output);
  Outcome check(Conversation& conversation, Output& output);
  std::optional<Reply> put_filters_in(Conversation& conversation);

  SearchKey program_;
  std::string charset_;
  std::optional<Reply> refusal_;  // where the error does not say it
  std::optional<AnnotationLookup> annotations_;
  std::optional<SearchRun> run_;
};

// Why a search with these return options cannot be, if so: contexts are hidden, or the tag is that
// of a search that is kept up.  RFC 5267 section 4.3
std::optional<Reply> refuse_context(const Conversation& conversation, const SearchReturn& returns,
                                    std::string_view tag, std::string_view capability);
// From now on the client is told when the result becomes another, or in this line that it is not:
// else it is empty. The program may have numbers and "$" in it.  RFC 5267 section 4.3.1
std::string keep_up(Selected& selected, SearchContext::Wanted wanted, std::vector<Uid> results);

}  // namespace waxwing::imap
