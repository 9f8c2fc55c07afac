#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "storage/search_words.h"

namespace waxwing {

// A block is what the text index knows of some hundreds or thousands of documents in a row, made
// once and never changed: a dictionary of their words with, for each, the documents that have it;
// and for words that are not in the dictionary (very long ones, and in large blocks those of one
// document alone) the documents of each trigram. It is kept in rows: chunks of the dictionary, and
// buckets of trigrams.

// Where in a message a word stands.
enum class SearchArea {
  Header,  // of the message itself and of its parts
  Body,    // texts, and headers of enclosed messages
};
constexpr SearchArea kSearchAreas[] = {SearchArea::Header, SearchArea::Body};

// A document by its position in its block.
using BlockDoc = std::uint16_t;
constexpr std::size_t kMaxBlockDocs = 65'000;

// Some documents of a block.
class DocSet {
 public:
  explicit DocSet(std::size_t count) : words_((count + 63) / 64) {}
  bool has(std::size_t doc) const { return (words_[doc / 64] >> (doc % 64)) & 1; }
  void add(std::size_t doc) {
    if (doc / 64 < words_.size()) words_[doc / 64] |= std::uint64_t{1} << (doc % 64);
  }
  void unite(const DocSet& other);
  void intersect(const DocSet& other);
  bool is_empty() const;
  // Octets of a bitmap, the lowest document first.
  void add_bitmap(std::string_view bitmap);

 private:
  std::vector<std::uint64_t> words_;
};

// One row of the dictionary: "\nword\nword\n", ascending, and the documents of each word.
struct WordChunk {
  std::string text;
  std::string lists;
};

// Takes the rows of a new block. An error ends the making of it.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  virtual Outcome add_chunk(SearchArea area, const WordChunk& chunk) = 0;
  virtual Outcome add_bucket(SearchArea area, std::size_t bucket, const std::string& lists) = 0;
};

// Gives the rows of a block that is there. Nothing (empty text) where there is no such row.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual Result<WordChunk> chunk(SearchArea area, std::size_t number) = 0;
  virtual Result<std::string> bucket(SearchArea area, std::size_t number) = 0;
};

constexpr std::size_t kTrigramBuckets = 512;
std::size_t bucket_of(unsigned trigram);

// --- What is in a row. Rows that are damaged give fewer documents, never more memory. ---

// The documents of all words of a chunk that match are added.
void find_in_chunk(std::string_view text, std::string_view lists, const SearchedWord& word,
                   DocSet& docs);
bool has_match(std::string_view text, const SearchedWord& word);
// The documents of a trigram in its bucket are added.
void find_in_bucket(std::string_view bucket, unsigned trigram, DocSet& docs);

// --- Making blocks. Held by one thread at a time. ---

// Gathers the words of documents, for a block with all of them in its dictionary.
class BlockBuilder {
 public:
  // The next document's position; `skip` positions before it stay empty.
  BlockDoc begin(std::size_t skip = 0);
  void add(SearchArea area, WordCutter::Word word);
  std::size_t count() const { return next_; }  // of positions
  // Of what is in memory, about.
  std::size_t bytes() const { return bytes_; }
  Outcome write(BlockSink& sink) const;

 private:
  struct Entry {
    std::uint32_t number = 0;
    std::uint32_t last = 0;  // the last document that has it, and 1
  };
  struct Area {
    std::unordered_map<std::string, Entry, StringHash, std::equal_to<>> words;
    std::vector<std::pair<std::uint32_t, BlockDoc>> postings;  // of words by their numbers
    std::vector<std::pair<std::string, BlockDoc>> pieces;      // of long words
  };
  Area areas_[2];
  std::size_t next_ = 0;
  std::size_t bytes_ = 0;
};

// Makes one block of several in a row: the same documents, without those that are gone.
class BlockMerge {
 public:
  // Words of one document alone may leave the dictionary: in a large block they are most of it,
  // and most of them are numbers and keys that nobody looks for.
  enum class Lone { Keep, Loosen };
  struct Part {
    BlockSource* source = nullptr;
    std::size_t offset = 0;  // of its first document in the new block
  };
  // `is_live`: of a position in the new block.
  BlockMerge(std::vector<Part> parts, std::vector<bool> is_live, Lone lone)
      : parts_(std::move(parts)), is_live_(std::move(is_live)), lone_(lone) {}
  Outcome write(BlockSink& sink);

 private:
  using Loose = std::vector<std::pair<std::string, BlockDoc>>;
  Result<Loose> write_words(SearchArea area, BlockSink& sink);
  Outcome write_trigrams(SearchArea area, const Loose& loose, BlockSink& sink);

  std::vector<Part> parts_;
  std::vector<bool> is_live_;
  Lone lone_;
};

}  // namespace waxwing
