#include "storage/search_block.h"

#include <string.h>

#include <algorithm>

#include "storage/search_lists.h"

namespace waxwing {
namespace {

constexpr std::size_t kChunkWords = 512;
// The pattern of a word that is looked for in the text of a chunk.
std::string pattern_of(const SearchedWord& word) {
  return (word.begins_word ? "\n" : "") + word.text + (word.ends_word ? "\n" : "");
}

std::size_t find(std::string_view text, std::string_view pattern, std::size_t from) {
  if (from >= text.size()) return text.npos;
  const void* at = ::memmem(text.data() + from, text.size() - from, pattern.data(), pattern.size());
  return at == nullptr ? text.npos
                       : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

// Of the three octets at the front of an entry.
unsigned take_trigram(std::string_view& bucket) {
  unsigned trigram = 0;
  for (int i = 0; i < 3; ++i) {
    trigram = trigram << 8 | static_cast<unsigned char>(bucket[static_cast<std::size_t>(i)]);
  }
  bucket.remove_prefix(3);
  return trigram;
}

}  // namespace

void DocSet::unite(const DocSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
}

void DocSet::intersect(const DocSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

bool DocSet::is_empty() const {
  return std::ranges::all_of(words_, [](std::uint64_t word) { return word == 0; });
}

void DocSet::add_bitmap(std::string_view bitmap) {
  for (std::size_t i = 0; i < bitmap.size() && i / 8 < words_.size(); ++i) {
    words_[i / 8] |= std::uint64_t{static_cast<unsigned char>(bitmap[i])} << (8 * (i % 8));
  }
}

std::size_t bucket_of(unsigned trigram) {
  return (trigram * 2654435761u) >> 23;
}

bool has_match(std::string_view text, const SearchedWord& word) {
  return find(text, pattern_of(word), 0) != text.npos;
}

void find_in_chunk(std::string_view text, std::string_view lists, const SearchedWord& word,
                   DocSet& docs) {
  const std::string pattern = pattern_of(word);
  std::size_t passed = 0;  // line ends before `from`, and so words
  std::size_t from = 0;
  std::size_t list = 0;  // the next in `lists`
  for (std::size_t at = find(text, pattern, 0); at != text.npos; at = find(text, pattern, from)) {
    if (pattern[0] == '\n') ++at;
    passed +=
        static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(from),
                                            text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    if (passed == 0) return;
    for (; list + 1 < passed; ++list) {
      if (!take_list(lists)) return;
    }
    const auto found = take_list(lists);
    if (!found) return;
    found->add_to(docs);
    ++list;
    from = std::min(text.find('\n', at), text.size());
  }
}

void find_in_bucket(std::string_view bucket, unsigned trigram, DocSet& docs) {
  while (bucket.size() > 3) {
    const unsigned here = take_trigram(bucket);
    const auto list = take_list(bucket);
    if (!list || here > trigram) return;
    if (here == trigram) return list->add_to(docs);
  }
}

BlockDoc BlockBuilder::begin(std::size_t skip) {
  next_ += skip + 1;
  return static_cast<BlockDoc>(next_ - 1);
}

void BlockBuilder::add(SearchArea area, WordCutter::Word word) {
  constexpr std::size_t kOverhead = 64;  // of a word in memory
  Area& here = areas_[static_cast<std::size_t>(area)];
  const auto doc = static_cast<BlockDoc>(next_ - 1);
  if (word.is_piece) {
    here.pieces.emplace_back(word.text, doc);
    bytes_ += kOverhead + word.text.size();
    return;
  }
  auto found = here.words.find(word.text);
  if (found == here.words.end()) {
    const auto number = static_cast<std::uint32_t>(here.words.size());
    found = here.words.emplace(std::string(word.text), Entry{number, 0}).first;
    bytes_ += kOverhead + word.text.size();
  }
  if (found->second.last == next_) return;
  found->second.last = static_cast<std::uint32_t>(next_);
  here.postings.emplace_back(found->second.number, doc);
  bytes_ += sizeof here.postings[0];
}

namespace {

// Gathers words in their order into chunks.
class ChunkWriter {
 public:
  ChunkWriter(SearchArea area, BlockSink& sink) : area_(area), sink_(sink) {}
  Outcome add(std::string_view word, std::span<const BlockDoc> docs) {
    if (chunk_.text.empty()) chunk_.text = "\n";
    chunk_.text.append(word);
    chunk_.text += '\n';
    append_list(chunk_.lists, docs);
    return ++words_ == kChunkWords ? flush() : Outcome();
  }
  Outcome flush() {
    if (words_ == 0) return {};
    auto done = sink_.add_chunk(area_, chunk_);
    chunk_ = {};
    words_ = 0;
    return done;
  }

 private:
  SearchArea area_;
  BlockSink& sink_;
  WordChunk chunk_;
  std::size_t words_ = 0;
};

using Loose = std::vector<std::pair<std::string, BlockDoc>>;
using Posting = std::pair<unsigned, BlockDoc>;

// Trigrams are sorted in so many goes, each with a share of the buckets, to bound the memory.
constexpr std::size_t kGoes = 16;
constexpr std::size_t kBucketsInGo = kTrigramBuckets / kGoes;

std::string encode_bucket(std::vector<Posting>& postings) {
  std::ranges::sort(postings);
  postings.erase(std::ranges::unique(postings).begin(), postings.end());
  std::string bucket;
  std::vector<BlockDoc> docs;
  for (std::size_t i = 0; i < postings.size();) {
    const unsigned trigram = postings[i].first;
    docs.clear();
    for (; i < postings.size() && postings[i].first == trigram; ++i) {
      docs.push_back(postings[i].second);
    }
    for (const int shift : {16, 8, 0}) bucket += static_cast<char>(trigram >> shift & 0xff);
    append_list(bucket, docs);
  }
  return bucket;
}

// `add_more(bucket, postings)` adds what is known of a bucket from elsewhere.
template <typename AddMore>
Outcome write_buckets(SearchArea area, const Loose& loose, BlockSink& sink, AddMore&& add_more) {
  std::vector<std::vector<Posting>> buckets(kBucketsInGo);
  for (std::size_t go = 0; go < kGoes; ++go) {
    for (auto& bucket : buckets) bucket.clear();
    for (const auto& [text, doc] : loose) {
      for (const unsigned trigram : trigrams(text)) {
        const std::size_t bucket = bucket_of(trigram);
        if (bucket / kBucketsInGo == go) buckets[bucket % kBucketsInGo].emplace_back(trigram, doc);
      }
    }
    for (std::size_t i = 0; i < kBucketsInGo; ++i) {
      const std::size_t number = go * kBucketsInGo + i;
      if (auto done = add_more(number, buckets[i]); !done) return done;
      if (buckets[i].empty()) continue;
      if (auto done = sink.add_bucket(area, number, encode_bucket(buckets[i])); !done) return done;
    }
  }
  return {};
}

// Reads the words of a block in their order.
class WordCursor {
 public:
  WordCursor(BlockSource& source, SearchArea area, std::size_t offset)
      : source_(source), area_(area), offset_(offset) {}

  // False at the end.
  Result<bool> next() {
    while (at_ + 1 >= chunk_.text.size()) {
      auto chunk = source_.chunk(area_, number_++);
      if (!chunk) return fail(chunk.error());
      if (chunk->text.empty()) return false;
      chunk_ = std::move(*chunk);
      lists_ = chunk_.lists;
      at_ = 0;
    }
    const std::size_t end = chunk_.text.find('\n', at_ + 1);
    const auto list = take_list(lists_);
    if (end == chunk_.text.npos || !list) return fail(Error::Code::Corrupt, "block of the index");
    word_ = std::string_view(chunk_.text).substr(at_ + 1, end - at_ - 1);
    list_ = *list;
    at_ = end;
    return true;
  }
  std::string_view word() const { return word_; }
  void add_docs(const std::vector<bool>& is_live, std::vector<BlockDoc>& docs) const {
    for (const BlockDoc doc : list_.docs()) {
      const std::size_t moved = offset_ + doc;
      if (moved < is_live.size() && is_live[moved]) docs.push_back(static_cast<BlockDoc>(moved));
    }
  }

 private:
  BlockSource& source_;
  SearchArea area_;
  std::size_t offset_;
  WordChunk chunk_;
  std::string_view lists_;
  std::size_t number_ = 0;
  std::size_t at_ = 0;  // the line end before the next word
  std::string_view word_;
  ListView list_;
};

}  // namespace

Outcome BlockBuilder::write(BlockSink& sink) const {
  for (const SearchArea area : kSearchAreas) {
    const Area& here = areas_[static_cast<std::size_t>(area)];
    // Documents by words: they were added in order, so a stable distribution keeps them so.
    std::vector<std::uint32_t> starts(here.words.size() + 1);
    for (const auto& [number, doc] : here.postings) ++starts[number + 1];
    for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
    std::vector<BlockDoc> docs(here.postings.size());
    auto place = starts;
    for (const auto& [number, doc] : here.postings) docs[place[number]++] = doc;

    std::vector<std::pair<std::string_view, std::uint32_t>> words;
    words.reserve(here.words.size());
    for (const auto& [word, entry] : here.words) words.emplace_back(word, entry.number);
    std::ranges::sort(words);
    ChunkWriter chunks(area, sink);
    for (const auto& [word, number] : words) {
      const std::span list(docs.data() + starts[number], starts[number + 1] - starts[number]);
      if (auto done = chunks.add(word, list); !done) return done;
    }
    if (auto done = chunks.flush(); !done) return done;
    const auto nothing_more = [](std::size_t, auto&) { return Outcome(); };
    if (here.pieces.empty()) continue;
    if (auto done = write_buckets(area, here.pieces, sink, nothing_more); !done) return done;
  }
  return {};
}

Outcome BlockMerge::write(BlockSink& sink) {
  for (const SearchArea area : kSearchAreas) {
    const auto loose = write_words(area, sink);
    if (!loose) return fail(loose.error());
    if (auto done = write_trigrams(area, *loose, sink); !done) return done;
  }
  return {};
}

Result<BlockMerge::Loose> BlockMerge::write_words(SearchArea area, BlockSink& sink) {
  Loose loose;
  std::vector<WordCursor> cursors;
  cursors.reserve(parts_.size());
  // The cursor with the lowest word is on top; of equal words the first block's.
  std::vector<std::size_t> heap;
  const auto is_later = [&](std::size_t a, std::size_t b) {
    return std::pair(cursors[a].word(), a) > std::pair(cursors[b].word(), b);
  };
  for (const Part& part : parts_) cursors.emplace_back(*part.source, area, part.offset);
  const auto advance = [&](std::size_t cursor) -> Outcome {
    const auto more = cursors[cursor].next();
    if (!more) return fail(more.error());
    if (!*more) return {};
    heap.push_back(cursor);
    std::ranges::push_heap(heap, is_later);
    return {};
  };
  for (std::size_t i = 0; i < cursors.size(); ++i) {
    if (auto done = advance(i); !done) return fail(done.error());
  }
  ChunkWriter chunks(area, sink);
  std::vector<BlockDoc> docs;
  while (!heap.empty()) {
    const std::string word(cursors[heap.front()].word());
    docs.clear();
    while (!heap.empty() && cursors[heap.front()].word() == word) {
      std::ranges::pop_heap(heap, is_later);
      const std::size_t cursor = heap.back();
      heap.pop_back();
      cursors[cursor].add_docs(is_live_, docs);
      if (auto done = advance(cursor); !done) return fail(done.error());
    }
    if (docs.size() == 1 && lone_ == Lone::Loosen) {
      loose.emplace_back(word, docs[0]);
    } else if (!docs.empty()) {
      if (auto done = chunks.add(word, docs); !done) return fail(done.error());
    }
  }
  if (auto done = chunks.flush(); !done) return fail(done.error());
  return loose;
}

Outcome BlockMerge::write_trigrams(SearchArea area, const Loose& loose, BlockSink& sink) {
  return write_buckets(area, loose, sink, [&](std::size_t number, std::vector<Posting>& postings) {
    for (const Part& part : parts_) {
      const auto bucket = part.source->bucket(area, number);
      if (!bucket) return Outcome(fail(bucket.error()));
      std::string_view rest = *bucket;
      while (rest.size() > 3) {
        const unsigned trigram = take_trigram(rest);
        const auto list = take_list(rest);
        if (!list) return Outcome(fail(Error::Code::Corrupt, "block of the index"));
        for (const BlockDoc doc : list->docs()) {
          const std::size_t moved = part.offset + doc;
          if (moved < is_live_.size() && is_live_[moved]) {
            postings.emplace_back(trigram, static_cast<BlockDoc>(moved));
          }
        }
      }
    }
    return Outcome();
  });
}

}  // namespace waxwing
