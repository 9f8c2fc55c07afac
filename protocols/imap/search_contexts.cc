#include "protocols/imap/search_contexts.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "protocols/imap/object_id.h"
#include "protocols/imap/selected.h"
#include "protocols/imap/set_of_uids.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

SearchKey all_of(std::span<const Uid> ascending, SearchKey program) {
  SearchKey uids;
  uids.kind = SearchKey::Kind::Uids;
  uids.set = set_of(ascending);
  SearchKey all;
  all.kind = SearchKey::Kind::And;
  all.keys.push_back(std::move(uids));
  all.keys.push_back(std::move(program));
  return all;
}

std::size_t count_keys(const SearchKey& key) {
  std::size_t count = 1;
  for (const SearchKey& child : key.keys) count += count_keys(child);
  return count;
}

bool is_by_relevancy(const SearchContext& context) {
  return std::ranges::any_of(context.wanted().keys, [](const SortKey& key) {
    return key.kind == SortKey::Kind::Relevancy;
  });
}

// Other keys of a message never change.
bool is_by_annotation(const SearchContext& context) {
  return std::ranges::any_of(context.wanted().keys, [](const SortKey& key) {
    return key.kind == SortKey::Kind::Annotation;
  });
}

// The client must not believe that it still knows the result.  RFC 5267 section 4.3.1
std::string no_update(const SearchContext& context, std::string_view why) {
  return "* NO [NOUPDATE " + to_string(context.wanted().tag) + "] " + std::string(why) + "\r\n";
}

// The results are in another order than this, which has them all.
bool is_reordered(const SearchContext& context, std::span<const Uid> order) {
  std::vector<Uid> known = context.results();
  std::ranges::sort(known);
  std::vector<Uid> now;
  std::ranges::copy_if(order, std::back_inserter(now),
                       [&](Uid uid) { return std::ranges::binary_search(known, uid); });
  return !order.empty() && now != context.results();
}

std::vector<Uid> uids_of(const View& view, std::span<const std::size_t> indexes) {
  std::vector<Uid> uids;
  uids.reserve(indexes.size());
  for (const std::size_t index : indexes) uids.push_back(view[index].uid);
  return uids;
}

// Of these, in any order, those that are there: ascending, each once.
std::vector<Uid> present(std::vector<Uid> uids, const View& view) {
  std::ranges::sort(uids);
  uids.erase(std::ranges::unique(uids).begin(), uids.end());
  std::erase_if(uids, [&](Uid uid) { return !view.find(uid); });
  return uids;
}

}  // namespace

void add_items(std::vector<FetchItem>& items, const std::vector<FetchItem>& more) {
  for (const FetchItem& item : more) {
    if (std::ranges::find(items, item) == items.end()) items.push_back(item);
  }
}

SearchKey frozen(SearchKey program, const Selected& selected) {
  const bool is_set =
      program.kind == SearchKey::Kind::Numbers || program.kind == SearchKey::Kind::Uids;
  if (is_set && program.set.is_saved()) {
    program.kind = SearchKey::Kind::Uids;
    program.set = set_of(selected.saved());
  } else if (program.kind == SearchKey::Kind::Numbers) {
    const View& view = selected.view();
    std::vector<Uid> uids;
    for (const auto& range : program.set.normalised(static_cast<std::uint32_t>(view.size()))) {
      for (std::size_t n = range.first; n <= std::min<std::size_t>(range.last, view.size()); ++n) {
        uids.push_back(view[n - 1].uid);
      }
    }
    program.kind = SearchKey::Kind::Uids;
    program.set = set_of(uids);
  }
  for (SearchKey& child : program.keys) child = frozen(std::move(child), selected);
  return program;
}

bool SearchContexts::has(std::string_view tag) const {
  return std::ranges::any_of(
      contexts_, [&](const SearchContext& context) { return context.wanted().tag == tag; });
}

bool SearchContexts::add(SearchContext::Wanted wanted, std::vector<Uid> results) {
  if (!contexts_.empty()) {
    std::size_t all = results.size();
    for (const SearchContext& context : contexts_) all += context.results().size();
    const bool is_too_much =
        contexts_.size() >= kMost || all > kMostResults || count_keys(wanted.program) > kMostKeys;
    if (is_too_much) return false;
  }
  contexts_.emplace_back(std::move(wanted), std::move(results));
  return true;
}

bool SearchContexts::cancel(std::string_view tag) {
  const auto cancelled = std::erase_if(
      contexts_, [&](const SearchContext& context) { return context.wanted().tag == tag; });
  forget_news_if_empty();
  return cancelled > 0;
}

SearchContext::Lines SearchContexts::end_numbered() {
  SearchContext::Lines lines;
  std::erase_if(contexts_, [&](const SearchContext& context) {
    const bool is_numbered = context.wanted().numbering == Numbering::Sequence;
    if (is_numbered) lines.push_back(no_update(context, "There are no message numbers any more"));
    return is_numbered;
  });
  forget_news_if_empty();
  return lines;
}

void SearchContexts::forget_news_if_empty() {
  if (!contexts_.empty()) return;
  touched_.clear();
  arrived_.clear();
}

void SearchContexts::touch(Uid uid) {
  if (!contexts_.empty()) touched_.push_back(uid);
}

void SearchContexts::arrive(Uid uid) {
  touch(uid);
  const bool is_told = std::ranges::any_of(
      contexts_, [](const SearchContext& context) { return !context.wanted().items.empty(); });
  if (is_told) arrived_.push_back(uid);
}

SearchContext::Lines SearchContexts::remove(const View& view, std::span<const Uid> gone) {
  SearchContext::Lines lines;
  for (SearchContext& context : contexts_) {
    std::ranges::move(context.remove(view, gone), std::back_inserter(lines));
  }
  return lines;
}

void SearchContexts::begin(const Selected& selected) {
  run_ = std::make_unique<Run>();
  run_->touched = present(std::exchange(touched_, {}), selected.view());
  run_->arrived = present(std::exchange(arrived_, {}), selected.view());
}

SearchContexts::Step SearchContexts::step(const Selected& selected, std::int64_t now,
                                          const Slice& slice, Output& output) {
  if (!run_) begin(selected);
  while (run_->next < contexts_.size() && !run_->touched.empty()) {
    const auto is_done = look(selected, now, slice);
    if (is_done && !*is_done) return Step::TimeUp;
    run_->annotations.reset();
    run_->search.reset();
    run_->sort.reset();
    if (is_done) {
      ++run_->next;
      continue;
    }
    run_->lines.push_back(
        no_update(contexts_[run_->next], "The result cannot be kept up any longer"));
    contexts_.erase(contexts_.begin() + static_cast<std::ptrdiff_t>(run_->next));
  }
  // FETCH comes before ESEARCH, of all of them.  RFC 5465 section 7
  join_arrivals();
  if (!run_->arrivals.empty()) return Step::Fetch;
  for (; !run_->lines.empty(); run_->lines.pop_front()) {
    if (output.is_full()) return Step::Full;
    output << run_->lines.front();
  }
  run_.reset();
  return Step::Done;
}

SearchContexts::Arrivals SearchContexts::take_arrivals() {
  Arrivals first = std::move(run_->arrivals.front());
  run_->arrivals.pop_front();
  return first;
}

// True: the result of the next one is what it should be.
Result<bool> SearchContexts::look(const Selected& selected, std::int64_t now, const Slice& slice) {
  SearchContext& context = contexts_[run_->next];
  const auto is_time_up = [&] { return slice.is_over_now(); };
  MailboxSource source(selected.mailbox());
  const View::Version view = selected.version();
  if (!run_->search) {
    if (!run_->annotations) begin_look(context, selected);
    const auto is_known = run_->annotations->step(selected.mailbox(), is_time_up);
    if (!is_known || !*is_known) return is_known;
    if (const auto begun = begin_search(context, selected, now); !begun) return fail(begun.error());
  }
  if (!run_->sort) {
    const auto is_found = run_->search->step(source, is_time_up);
    if (!is_found || !*is_found) return is_found;
    run_->matching = uids_of(*view, run_->search->found());
    const bool may_move = is_by_annotation(context) && !run_->matching.empty();
    if (!context.is_sorted() || (context.missing(run_->matching).empty() && !may_move)) {
      finish(context, *view, {});
      return true;
    }
    begin_sort(context, view);
  }
  const auto is_sorted = run_->sort->step(source, is_time_up);
  if (!is_sorted || !*is_sorted) return is_sorted;
  finish(context, *view, uids_of(*view, run_->sort->sorted()));
  return true;
}

void SearchContexts::begin_look(const SearchContext& context, const Selected& selected) {
  run_->looked_at = run_->touched;
  // How relevant a message is stays the same, but it is not remembered.
  if (is_by_relevancy(context)) {
    std::vector<Uid> known = context.results();
    std::ranges::sort(known);
    run_->looked_at.clear();
    std::ranges::set_union(known, run_->touched, std::back_inserter(run_->looked_at));
  }
  run_->program = all_of(run_->looked_at, context.wanted().program);
  const bool has_annotations = run_->program.has(SearchKey::Kind::Annotation);
  run_->annotations = std::make_unique<AnnotationLookup>(run_->program, context.wanted().charset,
                                                         has_annotations ? selected.view() : View(),
                                                         context.wanted().collation);
}

Outcome SearchContexts::begin_search(const SearchContext& context, const Selected& selected,
                                     std::int64_t now) {
  SearchKey& program = run_->program;
  if (const auto done = look_up_ids(program, selected.mailbox()); !done) return done;
  auto compiled = SearchProgram::compile(program, context.wanted().charset, selected.view(),
                                         {.recent_from = selected.recent_from(),
                                          .saved = {},
                                          .now = now,
                                          .collation = context.wanted().collation});
  if (!compiled) return fail(compiled.error());
  run_->search.emplace(std::move(*compiled), selected.version());
  return {};
}

// All results and what comes to them.
void SearchContexts::begin_sort(const SearchContext& context, const View::Version& view) {
  std::vector<std::size_t> indexes = run_->search->found();
  std::vector<int> scores = run_->search->scores();
  if (!is_by_relevancy(context)) {
    scores.clear();
    for (const Uid uid : context.results()) {
      if (const auto index = view->find(uid)) indexes.push_back(*index);
    }
    std::ranges::sort(indexes);
    indexes.erase(std::ranges::unique(indexes).begin(), indexes.end());
  }
  run_->sort = std::make_unique<SortRun>(context.wanted().keys, view, std::move(indexes),
                                         std::move(scores), context.wanted().collation);
}

// What matches now because its flags are others is not told.  RFC 5465 section 7
void SearchContexts::gather_arrivals(const SearchContext& context) {
  if (context.wanted().items.empty()) return;
  Arrivals found{{}, context.wanted().items};
  std::ranges::set_intersection(context.missing(run_->matching), run_->arrived,
                                std::back_inserter(found.uids));
  if (!found.uids.empty()) run_->wanted.push_back(std::move(found));
}

// Each message has one FETCH, with all that any of the searches wants.  RFC 5465 section 5.2
void SearchContexts::join_arrivals() {
  std::map<Uid, std::vector<std::size_t>> wanted_by;
  for (std::size_t i = 0; i < run_->wanted.size(); ++i) {
    for (const Uid uid : run_->wanted[i].uids) wanted_by[uid].push_back(i);
  }
  std::map<std::vector<std::size_t>, std::vector<Uid>> alike;
  for (auto& [uid, searches] : wanted_by) alike[searches].push_back(uid);
  for (auto& [searches, uids] : alike) {
    Arrivals joined{std::move(uids), {}};
    for (const std::size_t i : searches) add_items(joined.items, run_->wanted[i].items);
    run_->arrivals.push_back(std::move(joined));
  }
  run_->wanted.clear();
}

void SearchContexts::finish(SearchContext& context, const View& view, std::span<const Uid> order) {
  std::vector<Uid> others;
  std::ranges::set_difference(run_->looked_at, run_->matching, std::back_inserter(others));
  std::ranges::move(context.remove(view, others), std::back_inserter(run_->lines));
  if (is_by_annotation(context) && is_reordered(context, order)) {
    std::ranges::move(context.remove(view, run_->matching), std::back_inserter(run_->lines));
  }
  gather_arrivals(context);
  std::ranges::move(context.add(view, run_->matching, order), std::back_inserter(run_->lines));
}

}  // namespace waxwing::imap
