#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/annotation_search.h"
#include "protocols/imap/search_context.h"
#include "protocols/imap/search_run.h"
#include "protocols/imap/slice.h"
#include "protocols/imap/sort_run.h"
#include "protocols/imap/task.h"
#include "protocols/output.h"

namespace waxwing::imap {

class Selected;

// The searches in the selected mailbox whose results are kept up for the client.  RFC 5267
//
// Selected says what it has made part of its view: what has come or changed is looked at again by
// step(), with those searches alone; what goes away is told at once. While a step is under way the
// view must not move on, or the numbers in its answer would be wrong.
// Held by one thread at a time.
class SearchContexts {
 public:
  // RFC 5267 section 4.3.1 wants one at least.
  static constexpr std::size_t kMost = 8;
  // Of all results together, and of the keys of one search, unless there is no other.
  static constexpr std::size_t kMostResults = 1'000'000;
  static constexpr std::size_t kMostKeys = 1000;

  bool empty() const { return contexts_.empty(); }
  bool has(std::string_view tag) const;
  // False: there are too many already.
  bool add(SearchContext::Wanted wanted, std::vector<Uid> results);
  // False: there is none of that tag. Not while a step is under way.
  bool cancel(std::string_view tag);
  // For a client that knows no message numbers any more: the searches whose results are told by
  // them end, and the lines say so. Not while a step is under way.  RFC 9586
  SearchContext::Lines end_numbered();

  // The message is not as it was, or it has come from this client itself.
  void touch(Uid uid);
  // It has come from somebody else.
  void arrive(Uid uid);
  // These messages, ascending, are about to leave the view.
  SearchContext::Lines remove(const View& view, std::span<const Uid> gone);

  // There is something to look at, or to tell.
  bool is_dirty() const { return is_running() || !touched_.empty(); }
  // step() has begun and is not through.
  bool is_running() const { return run_ != nullptr; }
  enum class Step { Done, Full, TimeUp, Fetch };
  // Looks at what has come and changed, and tells what that means. Full: of the output. Fetch: the
  // client wants to be told of take_arrivals() first. May block.
  Step step(const Selected& selected, std::int64_t now, const Slice& slice, Output& output);
  // What is to be fetched of these messages, which have come and match.  RFC 5465 section 7
  struct Arrivals {
    std::vector<Uid> uids;  // ascending
    std::vector<FetchItem> items;
  };
  Arrivals take_arrivals();
  // The FETCH of them that is under way, for those who call step(): it goes with the mailbox.
  std::unique_ptr<Task>& fetching() { return fetching_; }
  const std::unique_ptr<Task>& fetching() const { return fetching_; }

 private:
  // One pass over all of them.
  struct Run {
    std::vector<Uid> touched;       // ascending, all in the view
    std::vector<Uid> arrived;       // ascending; some of `touched`
    std::size_t next = 0;           // of contexts_
    std::vector<Arrivals> wanted;   // by each search on its own
    std::deque<Arrivals> arrivals;  // by all of them together
    SearchKey program;              // of that one, where there are annotations to look for first
    std::unique_ptr<AnnotationLookup> annotations;
    std::deque<std::string> lines;
    std::optional<SearchRun> search;
    std::vector<Uid> looked_at;  // by `search`
    std::unique_ptr<SortRun> sort;
    std::vector<Uid> matching;
  };

  void forget_news_if_empty();
  void begin(const Selected& selected);
  Result<bool> look(const Selected& selected, std::int64_t now, const Slice& slice);
  void begin_look(const SearchContext& context, const Selected& selected);
  Outcome begin_search(const SearchContext& context, const Selected& selected, std::int64_t now);
  void begin_sort(const SearchContext& context, const View::Version& view);
  void gather_arrivals(const SearchContext& context);
  void join_arrivals();
  void finish(SearchContext& context, const View& view, std::span<const Uid> order);

  std::vector<SearchContext> contexts_;
  std::vector<Uid> touched_;
  std::vector<Uid> arrived_;
  std::unique_ptr<Run> run_;
  std::unique_ptr<Task> fetching_;
};

// Each item once.
void add_items(std::vector<FetchItem>& items, const std::vector<FetchItem>& more);

// The program of a search as it is kept: message numbers and "$" become the UIDs that they mean
// now.
SearchKey frozen(SearchKey program, const Selected& selected);

}  // namespace waxwing::imap
