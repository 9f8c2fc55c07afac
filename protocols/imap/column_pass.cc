#include "protocols/imap/column_pass.h"

#include <algorithm>
#include <utility>

namespace waxwing::imap {
namespace {

// Blocks that are in memory at once.
constexpr Uid kFetched = 8;

constexpr Uid block_of(Uid uid) {
  return uid / Extract::kSpan;
}
// Of the last block there may be no UID behind it.
constexpr std::uint64_t end_of(Uid block) {
  return (std::uint64_t{block} + 1) * Extract::kSpan;
}
int kind(HeaderColumn column) {
  return static_cast<int>(column);
}

}  // namespace

ColumnPass::ColumnPass(View::Version view, std::vector<std::size_t> indexes,
                       std::vector<HeaderColumn> columns, Collation collation)
    : view_(std::move(view)),
      indexes_(std::move(indexes)),
      columns_(std::move(columns)),
      collation_(collation),
      fetched_(columns_.size()),
      made_(columns_.size()),
      worked_out_(columns_.size()),
      values_(columns_.size()) {}

Result<bool> ColumnPass::step(SearchSource& source, const std::function<bool()>& is_time_up,
                              const Visit& visit) {
  Outcome outcome;
  while (outcome && next_ < indexes_.size()) {
    outcome = pass_block(source, is_time_up, visit);
    if (is_time_up()) break;
  }
  keep(source);
  if (!outcome) return fail(outcome.error());
  return next_ == indexes_.size();
}

// The rest of the block in which the next message lies, or what of it there is time for.
Outcome ColumnPass::pass_block(SearchSource& source, const std::function<bool()>& is_time_up,
                               const Visit& visit) {
  const Uid block = block_of(row(next_).uid);
  std::size_t end = next_;
  while (end < indexes_.size() && block_of(row(end).uid) == block) ++end;
  if (making_ && making_->block == block) {
    return visit_headers(source, block, end, is_time_up, visit);
  }
  making_.reset();
  if (collation_ == Collation::UnicodeCasemap) {
    if (block >= fetched_end_) fetch(source, block);
    if (const auto blocks = kept(block); !blocks.empty()) {
      return visit_kept(source, blocks, end, is_time_up, visit);
    }
    if (is_worth_keeping(block, end)) {
      making_.emplace(Making{block, 0, {}});
      for (std::size_t i = 0; i < columns_.size(); ++i) making_->columns.emplace_back(block);
    }
  }
  return visit_headers(source, block, end, is_time_up, visit);
}

// What cannot be read is as if it were not kept: the headers are read, and say what is wrong.
void ColumnPass::fetch(SearchSource& source, Uid block) {
  fetched_end_ = std::min(block + kFetched, block_of(row(indexes_.size() - 1).uid) + 1);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    fetched_[i].clear();
    auto extracts = source.extracts(kind(columns_[i]), block, fetched_end_ - 1);
    if (!extracts) continue;
    for (Extract& extract : *extracts) {
      if (auto read = ColumnBlock::read(std::move(extract))) {
        fetched_[i].push_back(std::move(*read));
      }
    }
  }
}

// Of each column; empty when one of them is missing.
std::vector<const ColumnBlock*> ColumnPass::kept(Uid block) const {
  std::vector<const ColumnBlock*> blocks;
  for (const Kept& column : fetched_) {
    const auto found = std::ranges::find(column, block, &ColumnBlock::block);
    if (found == column.end()) return {};
    blocks.push_back(&*found);
  }
  return blocks;
}

Outcome ColumnPass::visit_kept(SearchSource& source, const std::vector<const ColumnBlock*>& blocks,
                               std::size_t end, const std::function<bool()>& is_time_up,
                               const Visit& visit) {
  while (next_ < end) {
    const Uid uid = row(next_).uid;
    if (find_kept(blocks, uid)) {
      visit(next_++, {values_});
      continue;
    }
    // Too long to be kept, or its header could not be read then.
    bool is_read = false;
    const auto read = source.headers({&uid, 1}, [&](Uid, std::string_view header, bool is_whole) {
      is_read = true;
      work_out(header);
      visit(next_++, {values_, false, !is_whole});
      return false;
    });
    if (!read) return read;
    if (!is_read) visit_gone(next_ + 1, visit);
    if (is_time_up()) return {};
  }
  return {};
}

// Into values_.
bool ColumnPass::find_kept(const std::vector<const ColumnBlock*>& blocks, Uid uid) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto value = blocks[i]->find(uid);
    if (!value) return false;
    values_[i] = *value;
  }
  return true;
}

Outcome ColumnPass::visit_headers(SearchSource& source, Uid block, std::size_t end,
                                  const std::function<bool()>& is_time_up, const Visit& visit) {
  bool is_cut_short = false;
  const auto uids = uids_to_read(block, end);
  const auto read = source.headers(uids, [&](Uid uid, std::string_view header, bool is_whole) {
    while (next_ < end && row(next_).uid < uid) visit_gone(next_ + 1, visit);
    work_out(header);
    if (making_) add_to_made(uid, is_whole);
    if (next_ < end && row(next_).uid == uid) visit(next_++, {values_, false, !is_whole});
    is_cut_short = uid != uids.back() && is_time_up();
    return !is_cut_short;
  });
  if (!read) return read;
  if (is_cut_short) return {};
  visit_gone(end, visit);
  if (making_) finish_made();
  return {};
}

// All of its messages are there, and most are asked for.
bool ColumnPass::is_worth_keeping(Uid block, std::size_t end) const {
  if (end_of(block) > view_->uid_next()) return false;
  const auto first = view_->lower_bound(block * Extract::kSpan);
  const auto behind = view_->lower_bound(static_cast<Uid>(end_of(block)));
  return 2 * (end - next_) >= behind - first;
}

std::vector<Uid> ColumnPass::uids_to_read(Uid block, std::size_t end) const {
  std::vector<Uid> uids;
  if (!making_) {
    for (std::size_t position = next_; position < end; ++position) {
      uids.push_back(row(position).uid);
    }
    return uids;
  }
  const Uid from = std::max(making_->read_up_to, block * Extract::kSpan);
  for (std::size_t index = view_->lower_bound(from); index < view_->size(); ++index) {
    if (block_of((*view_)[index].uid) != block) break;
    uids.push_back((*view_)[index].uid);
  }
  return uids;
}

void ColumnPass::work_out(std::string_view block) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    worked_out_[i] = column_value(columns_[i], block, collation_);
    values_[i] = worked_out_[i];
  }
}

void ColumnPass::add_to_made(Uid uid, bool is_whole) {
  making_->read_up_to = uid + 1;
  for (std::size_t i = 0; i < columns_.size() && is_whole; ++i) {
    making_->columns[i].add(uid, values_[i]);
  }
}

void ColumnPass::finish_made() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    made_[i].push_back(making_->columns[i].take());
  }
  making_.reset();
}

void ColumnPass::visit_gone(std::size_t end, const Visit& visit) {
  if (next_ >= end) return;
  std::ranges::fill(values_, std::string_view());
  while (next_ < end) visit(next_++, {values_, true});
}

// Nobody waits for them: who cannot keep them works them out again.
void ColumnPass::keep(SearchSource& source) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!made_[i].empty()) source.keep_extracts(kind(columns_[i]), made_[i]);
    made_[i].clear();
  }
}

}  // namespace waxwing::imap
