#include "protocols/imap/search_run.h"

#include <algorithm>
#include <utility>

namespace waxwing::imap {
namespace {

using Verdict = SearchProgram::Verdict;

constexpr std::size_t kSearchedRows = 8192;
constexpr std::size_t kHeaders = 64;
// For fewer messages the index is not asked: they are read in the time that takes.
constexpr std::size_t kWorthLookUp = 64;
constexpr std::size_t kWorthColumns = 16;

}  // namespace

SearchRun::SearchRun(SearchProgram program, View::Version view)
    : program_(std::move(program)),
      view_(std::move(view)),
      candidates_(program_.candidates(*view_)) {}

Result<bool> SearchRun::step(SearchSource& source, const std::function<bool()>& is_time_up) {
  do {
    Outcome outcome;
    if (next_candidate_ < candidates_.size()) {
      test_rows();
    } else if (!is_past_columns_) {
      outcome = test_columns(source, is_time_up);
    } else if (!is_looked_up_) {
      look_up(source);
    } else if (open_) {
      outcome = test_body();
    } else if (!wants_body_.empty()) {
      std::size_t index = wants_body_.back();
      wants_body_.pop_back();
      outcome = open_message(source, index);
    } else if (next_header_ < wants_header_.size()) {
      outcome = test_headers(source, is_time_up);
    } else {
      finish();
      return true;
    }
    if (!outcome) return fail(outcome.error());
  } while (!is_time_up());
  return false;
}

std::size_t SearchRun::decided() const {
  const std::size_t unseen = columns_ ? columns_->indexes().size() - columns_->passed() : 0;
  return next_candidate_ - unseen - (wants_header_.size() - next_header_) - wants_body_.size() -
         (open_ ? 1 : 0);
}

void SearchRun::add(const SearchProgram::Evidence& evidence) {
  hits_.emplace_back(evidence.index, program_.is_scored() ? program_.score(evidence) : 0);
}

void SearchRun::finish() {
  // Those that rows or columns decide come in order.
  if (!std::ranges::is_sorted(hits_)) std::ranges::sort(hits_);
  found_.reserve(hits_.size());
  for (const auto& [index, score] : hits_) {
    found_.push_back(index);
    if (program_.is_scored()) scores_.push_back(score);
  }
  hits_.clear();
}

void SearchRun::test_rows() {
  std::size_t end = std::min(next_candidate_ + kSearchedRows, candidates_.size());
  for (; next_candidate_ < end; ++next_candidate_) {
    std::size_t index = candidates_[next_candidate_];
    const SearchProgram::Evidence evidence{.row = (*view_)[index], .index = index};
    switch (program_.test(evidence)) {
      case Verdict::No: break;
      case Verdict::Yes: add(evidence); break;
      case Verdict::Unknown: wants_header_.push_back(index); break;
    }
  }
}

// For a few messages it is quicker to look at all of their headers at once.
Outcome SearchRun::test_columns(SearchSource& source, const std::function<bool()>& is_time_up) {
  if (!columns_) {
    is_past_columns_ = program_.columns().empty() || wants_header_.size() < kWorthColumns;
    if (is_past_columns_) return {};
    columns_.emplace(view_, std::exchange(wants_header_, {}), program_.columns(),
                     program_.collation());
  }
  const auto is_over = columns_->step(source, is_time_up, [&](std::size_t position, auto& values) {
    if (values.is_gone) return;
    const std::size_t index = columns_->indexes()[position];
    const SearchProgram::Evidence evidence{
        .row = (*view_)[index],
        .index = index,
        .columns = values.is_cut ? std::span<const std::string_view>() : values.of};
    switch (program_.test(evidence)) {
      case Verdict::No: break;
      case Verdict::Yes: add(evidence); break;
      case Verdict::Unknown: wants_header_.push_back(index); break;
    }
  });
  if (!is_over) return fail(is_over.error());
  is_past_columns_ = *is_over;
  return {};
}

// A block of the index each time.
void SearchRun::look_up(SearchSource& source) {
  const auto& keys = program_.text_keys();
  if (!lookup_ && !keys.empty() && wants_header_.size() >= kWorthLookUp) {
    lookup_ = source.look_up(keys);
  }
  if (lookup_ && !lookup_->step()) return;
  is_looked_up_ = true;
  if (lookup_) test_texts();
}

void SearchRun::test_texts() {
  std::vector<std::size_t> undecided;
  for (const std::size_t index : wants_header_) {
    const SearchProgram::Evidence evidence{
        .row = (*view_)[index], .index = index, .texts = texts()};
    switch (program_.test(evidence)) {
      case Verdict::No: break;
      case Verdict::Yes: add(evidence); break;
      case Verdict::Unknown: undecided.push_back(index); break;
    }
  }
  wants_header_ = std::move(undecided);
}

const TextAnswers* SearchRun::texts() const {
  return lookup_ && is_looked_up_ ? &lookup_->answers() : nullptr;
}

Outcome SearchRun::test_headers(SearchSource& source, const std::function<bool()>& is_time_up) {
  const std::size_t first = next_header_;
  const std::size_t end = std::min(first + kHeaders, wants_header_.size());
  std::vector<Uid> uids;
  for (std::size_t i = first; i < end; ++i) uids.push_back((*view_)[wants_header_[i]].uid);
  next_header_ = end;
  return source.headers(uids, [&](Uid uid, std::string_view block, bool is_whole) {
    auto index = view_->find(uid);
    if (!index) return true;
    if (is_whole) {
      SearchedHeader header(block, program_.collation());
      const SearchProgram::Evidence evidence{
          .row = (*view_)[*index], .index = *index, .texts = texts(), .header = &header};
      switch (program_.test(evidence)) {
        case Verdict::No: break;
        case Verdict::Yes: add(evidence); break;
        case Verdict::Unknown: wants_body_.push_back(*index); break;
      }
    } else {
      // The rest of a long header is in the file, which is read for the body anyway.
      wants_body_.push_back(*index);
    }
    if (!is_time_up()) return true;
    const auto behind = std::upper_bound(uids.begin(), uids.end(), uid);
    next_header_ = first + static_cast<std::size_t>(behind - uids.begin());
    return false;
  });
}

Outcome SearchRun::open_message(SearchSource& source, std::size_t index) {
  const MessageRow& row = (*view_)[index];
  auto opened = source.open(row.uid);
  if (!opened) {
    // Another session expunged it: it matches nothing any more.
    if (opened.error().code == Error::Code::NotFound) return {};
    return fail(opened.error());
  }
  auto block =
      opened->read({0, std::min(opened->message.root.body_offset, mail::kMaxSearchedHeader)});
  if (!block) return fail(block.error());
  SearchedHeader header(*block, program_.collation());
  const SearchProgram::Evidence evidence{
      .row = row, .index = index, .texts = texts(), .header = &header};
  switch (program_.test(evidence)) {
    case Verdict::No: break;
    case Verdict::Yes: add(evidence); break;
    case Verdict::Unknown:
      open_.reset(new OpenMessage{index, std::move(*block), SearchedHeader({}),
                                  BodySearch(std::move(opened->message), std::move(opened->read),
                                             program_.body_needles(), program_.collation())});
      open_->header = SearchedHeader(open_->block, program_.collation());
      break;
  }
  return {};
}

Outcome SearchRun::test_body() {
  const auto is_over = open_->search.step();
  if (!is_over) return fail(is_over.error());
  if (!*is_over) return {};
  const std::size_t index = open_->index;
  const SearchProgram::Evidence evidence{.row = (*view_)[index],
                                         .index = index,
                                         .texts = texts(),
                                         .header = &open_->header,
                                         .bodies = &open_->search.found()};
  if (program_.test(evidence) == Verdict::Yes) add(evidence);
  open_.reset();
  return {};
}

}  // namespace waxwing::imap
