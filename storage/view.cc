#include "storage/view.h"

#include <algorithm>
#include <cassert>

namespace waxwing {
namespace {

using Chunk = View::Chunk;

bool uid_less(const MessageRow& row, Uid uid) {
  return row.uid < uid;
}

// Where the next row of a version comes from.
struct RowCursor {
  const std::vector<std::shared_ptr<const Chunk>>& chunks;
  std::size_t chunk = 0, row = 0, index = 0;

  bool at_end() const { return chunk == chunks.size(); }
  const MessageRow& operator*() const { return (*chunks[chunk])[row]; }
  void next() {
    ++index;
    if (++row == chunks[chunk]->size()) ++chunk, row = 0;
  }
  void skip_chunk() {
    index += chunks[chunk]->size();
    ++chunk;
  }
};

}  // namespace

const MessageRow& View::operator[](std::size_t index) const {
  assert(index < size_);
  const std::size_t chunk = chunk_of(index);
  return (*chunks_[chunk])[index - starts_[chunk]];
}

// As no chunk is longer than kChunk it is not before that one, and mostly near it.
std::size_t View::chunk_of(std::size_t index) const {
  constexpr std::size_t kNear = 4;
  std::size_t chunk = index / kChunk;
  for (const std::size_t end = chunk + kNear; chunk < end; ++chunk) {
    if (chunk + 1 == starts_.size() || starts_[chunk + 1] > index) return chunk;
  }
  const auto from = starts_.begin() + static_cast<std::ptrdiff_t>(chunk);
  const auto after = std::upper_bound(from, starts_.end(), index);
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

std::size_t View::lower_bound(Uid uid) const {
  auto chunk = std::lower_bound(chunks_.begin(), chunks_.end(), uid,
                                [](const auto& c, Uid u) { return c->back().uid < u; });
  if (chunk == chunks_.end()) return size_;
  auto row = std::lower_bound((*chunk)->begin(), (*chunk)->end(), uid, uid_less);
  return starts_[static_cast<std::size_t>(chunk - chunks_.begin())] +
         static_cast<std::size_t>(row - (*chunk)->begin());
}

std::optional<std::size_t> View::find(Uid uid) const {
  std::size_t index = lower_bound(uid);
  if (index == size_ || (*this)[index].uid != uid) return std::nullopt;
  return index;
}

std::optional<std::size_t> View::first_unseen() const {
  if (unseen_ == 0) return std::nullopt;
  for (std::size_t c = 0; c < chunks_.size(); ++c) {
    for (std::size_t i = 0; i < chunks_[c]->size(); ++i) {
      if (!(*chunks_[c])[i].flags.has(Flags::kSeen)) return starts_[c] + i;
    }
  }
  return std::nullopt;
}

// Both versions are walked in UID order. Where both stand at the start of one and the same chunk,
// nothing in it differs; after a chunk that differs they meet again, because chunks hold ranges of
// UIDs that do not overlap.
View::Difference View::difference(const View& older, const View& newer) {
  Difference result;
  RowCursor old{older.chunks_}, now{newer.chunks_};
  while (!old.at_end() && !now.at_end()) {
    if (old.row == 0 && now.row == 0 && old.chunks[old.chunk] == now.chunks[now.chunk]) {
      old.skip_chunk();
      now.skip_chunk();
    } else if ((*old).uid < (*now).uid) {
      result.expunged.push_back(old.index);
      old.next();
    } else if ((*old).uid > (*now).uid) {
      // Only behind the last message of the older version may there be new ones.
      assert(false && "a UID appeared in the middle of a mailbox");
      now.next();
    } else {
      if ((*old).modseq != (*now).modseq) result.changed.push_back(now.index);
      old.next();
      now.next();
    }
  }
  for (; !old.at_end(); old.next()) result.expunged.push_back(old.index);
  result.added = newer.size() - now.index;
  return result;
}

View::Version View::make(std::vector<MessageRow> rows, Uid uid_next, ModSeq highest_modseq,
                         std::vector<std::string> keywords) {
  auto view = std::make_shared<View>();
  view->keywords_ = std::make_shared<const std::vector<std::string>>(std::move(keywords));
  return view->with_added(rows, uid_next, highest_modseq);
}

View::Version View::with_added(const std::vector<MessageRow>& rows, Uid uid_next,
                               ModSeq modseq) const {
  auto view = std::make_shared<View>(*this);
  view->uid_next_ = std::max(uid_next_, uid_next);
  view->highest_modseq_ = std::max(highest_modseq_, modseq);
  for (std::size_t done = 0; done < rows.size();) {
    const bool fill = done == 0 && !chunks_.empty() && chunks_.back()->size() < kChunk;
    auto chunk = std::make_shared<Chunk>();
    if (fill) *chunk = *chunks_.back();
    const std::size_t count = std::min(kChunk - chunk->size(), rows.size() - done);
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(done);
    assert(view->chunks_.empty() || view->chunks_.back()->back().uid < first->uid);
    if (!fill) view->starts_.push_back(view->size_);
    chunk->insert(chunk->end(), first, first + static_cast<std::ptrdiff_t>(count));
    if (fill) {
      view->chunks_.back() = std::move(chunk);
    } else {
      view->chunks_.push_back(std::move(chunk));
    }
    view->size_ += count;
    done += count;
  }
  for (const auto& row : rows) {
    view->total_size_ += row.size;
    view->unseen_ += !row.flags.has(Flags::kSeen);
    view->deleted_ += row.flags.has(Flags::kDeleted);
  }
  return view;
}

View::Version View::with_changed(const std::vector<MessageRow>& rows, ModSeq modseq) const {
  auto view = std::make_shared<View>(*this);
  view->highest_modseq_ = std::max(highest_modseq_, modseq);
  std::size_t done = 0;
  for (std::size_t c = 0; c < chunks_.size() && done < rows.size(); ++c) {
    if (chunks_[c]->back().uid < rows[done].uid) continue;
    auto chunk = std::make_shared<Chunk>(*chunks_[c]);
    for (; done < rows.size() && rows[done].uid <= chunk->back().uid; ++done) {
      auto row = std::lower_bound(chunk->begin(), chunk->end(), rows[done].uid, uid_less);
      assert(row->uid == rows[done].uid);
      view->total_size_ += rows[done].size;
      view->total_size_ -= row->size;
      view->unseen_ += !rows[done].flags.has(Flags::kSeen);
      view->unseen_ -= !row->flags.has(Flags::kSeen);
      view->deleted_ += rows[done].flags.has(Flags::kDeleted);
      view->deleted_ -= row->flags.has(Flags::kDeleted);
      *row = rows[done];
    }
    view->chunks_[c] = std::move(chunk);
  }
  return view;
}

View::Version View::with_expunged(const std::vector<Uid>& uids, ModSeq modseq) const {
  auto view = std::make_shared<View>(*this);
  view->highest_modseq_ = std::max(highest_modseq_, modseq);
  view->chunks_.clear();
  view->starts_.clear();
  view->size_ = 0;
  std::size_t done = 0;
  for (const auto& old : chunks_) {
    while (done < uids.size() && uids[done] < old->front().uid) ++done;
    std::shared_ptr<const Chunk> kept = old;
    if (done < uids.size() && uids[done] <= old->back().uid) {
      auto rest = std::make_shared<Chunk>();
      for (const auto& row : *old) {
        while (done < uids.size() && uids[done] < row.uid) ++done;
        if (done == uids.size() || uids[done] != row.uid) {
          rest->push_back(row);
          continue;
        }
        view->total_size_ -= row.size;
        view->unseen_ -= !row.flags.has(Flags::kSeen);
        view->deleted_ -= row.flags.has(Flags::kDeleted);
      }
      // What is left of a chunk joins its neighbour, or a mailbox that is emptied from the front
      // would become a long row of tiny chunks.
      if (!rest->empty() && !view->chunks_.empty() &&
          view->chunks_.back()->size() + rest->size() <= kChunk / 2) {
        auto joined = std::make_shared<Chunk>(*view->chunks_.back());
        joined->insert(joined->end(), rest->begin(), rest->end());
        view->size_ += rest->size();
        view->chunks_.back() = std::move(joined);
        continue;
      }
      kept = std::move(rest);
    }
    if (kept->empty()) continue;
    view->starts_.push_back(view->size_);
    view->size_ += kept->size();
    view->chunks_.push_back(std::move(kept));
  }
  return view;
}

View::Version View::with_keywords(std::vector<std::string> keywords) const {
  auto view = std::make_shared<View>(*this);
  view->keywords_ = std::make_shared<const std::vector<std::string>>(std::move(keywords));
  return view;
}

}  // namespace waxwing
