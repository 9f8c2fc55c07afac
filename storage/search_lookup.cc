#include "storage/search_lookup.h"

#include <utility>

namespace waxwing {
namespace {

using Answer = TextAnswers::Answer;

bool looks_in(TextKey::Where where, SearchArea area) {
  switch (where) {
    case TextKey::Where::Header: return area == SearchArea::Header;
    case TextKey::Where::Body: return area == SearchArea::Body;
    case TextKey::Where::Anywhere: return true;
  }
  return true;
}

}  // namespace

SearchLookup::SearchLookup(std::shared_ptr<SearchIndex> index, MailboxId mailbox,
                           const std::vector<TextKey>& keys)
    : index_(std::move(index)), mailbox_(mailbox) {
  for (const TextKey& key : keys) {
    keys_.push_back({key.where, cut_needle(key.text), key.is_all && is_one_word(key.text)});
  }
}

bool SearchLookup::step() {
  const auto is_over = try_step();
  if (is_over) return *is_over;
  if (is_over.error().code == Error::Code::Corrupt) index_->distrust();
  answers_ = {};
  return true;
}

Result<bool> SearchLookup::try_step() {
  auto held = index_->hold();
  if (!held) return fail(held.error());
  // Made again meanwhile: other documents.
  if (opened_.value_or(held->opened) != held->opened) {
    return fail(Error::Code::Cancelled, "another index");
  }
  if (!opened_) {
    opened_ = held->opened;
    if (auto done = begin(held->db); !done) return fail(done.error());
  }
  const auto block = held->db.block_from(next_);
  if (!block) return fail(block.error());
  if (!*block) return true;
  if (auto done = search(held->db, **block); !done) return fail(done.error());
  next_ = (*block)->end();
  return false;
}

// Messages that come later are not known to these answers.
Outcome SearchLookup::begin(SearchDb& db) {
  auto ranges = db.ranges(mailbox_);
  if (!ranges) return fail(ranges.error());
  const auto end = db.next_document();
  if (!end) return fail(end.error());
  answers_ = TextAnswers(std::move(*ranges), keys_.size(), *end);
  return {};
}

Outcome SearchLookup::search(SearchDb& db, const SearchDb::Block& block) {
  const auto count = static_cast<std::size_t>(block.count);
  std::vector<DocSet> certain(keys_.size(), DocSet(count)), possible = certain;
  for (const SearchArea area : kSearchAreas) {
    if (auto done = search(db, block, area, certain, possible); !done) return done;
  }
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    const bool is_answer = !keys_[key].words.empty();
    for (std::size_t doc = 0; doc < count; ++doc) {
      const Answer answer = !is_answer || (possible[key].has(doc) && !certain[key].has(doc))
                                ? Answer::Unknown
                            : certain[key].has(doc) ? Answer::Yes
                                                    : Answer::No;
      answers_.set(key, block.first + static_cast<std::int64_t>(doc), answer);
    }
  }
  return {};
}

Outcome SearchLookup::search(SearchDb& db, const SearchDb::Block& block, SearchArea area,
                             std::vector<DocSet>& certain, std::vector<DocSet>& possible) {
  // By key and word: the documents that have it.
  std::vector<std::vector<DocSet>> found;
  for (const Key& key : keys_) {
    found.emplace_back(key.words.size(), DocSet(static_cast<std::size_t>(block.count)));
  }
  Outcome outcome;
  auto read = db.read_chunks(block, area, [&](std::int64_t row, std::string_view text) {
    std::optional<std::string> lists;
    for (std::size_t key = 0; key < keys_.size(); ++key) {
      if (!looks_in(keys_[key].where, area)) continue;
      for (std::size_t word = 0; word < keys_[key].words.size(); ++word) {
        if (!has_match(text, keys_[key].words[word])) continue;
        if (!lists) {
          auto of_row = db.lists(row);
          if (!of_row) outcome = fail(of_row.error());
          lists = of_row ? std::move(*of_row) : std::string();
        }
        find_in_chunk(text, *lists, keys_[key].words[word], found[key][word]);
      }
    }
  });
  if (!read) return read;
  if (!outcome) return outcome;

  for (std::size_t key = 0; key < keys_.size(); ++key) {
    if (!looks_in(keys_[key].where, area) || keys_[key].words.empty()) continue;
    if (keys_[key].is_proof) certain[key].unite(found[key][0]);
    for (std::size_t word = 0; word < keys_[key].words.size(); ++word) {
      std::optional<DocSet> loose;  // have all its trigrams
      for (const unsigned trigram : trigrams(keys_[key].words[word].text)) {
        if (loose && loose->is_empty()) break;
        const auto bucket = db.bucket(block, area, bucket_of(trigram));
        if (!bucket) return fail(bucket.error());
        DocSet docs(static_cast<std::size_t>(block.count));
        find_in_bucket(*bucket, trigram, docs);
        if (loose) {
          loose->intersect(docs);
        } else {
          loose = std::move(docs);
        }
      }
      if (loose) found[key][word].unite(*loose);
      if (word > 0) found[key][0].intersect(found[key][word]);
    }
    possible[key].unite(found[key][0]);
  }
  return {};
}

}  // namespace waxwing
