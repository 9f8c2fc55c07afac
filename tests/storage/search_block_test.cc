#include "storage/search_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "storage/search_lists.h"

namespace waxwing {
namespace {

// A block in memory.
class MemoryBlock final : public BlockSink, public BlockSource {
 public:
  Outcome add_chunk(SearchArea area, const WordChunk& chunk) override {
    chunks_[area].push_back(chunk);
    return {};
  }
  Outcome add_bucket(SearchArea area, std::size_t number, const std::string& lists) override {
    buckets_[{area, number}] = lists;
    return {};
  }
  Result<WordChunk> chunk(SearchArea area, std::size_t number) override {
    const auto& chunks = chunks_[area];
    return number < chunks.size() ? chunks[number] : WordChunk();
  }
  Result<std::string> bucket(SearchArea area, std::size_t number) override {
    return buckets_[{area, number}];
  }
  // Those that certainly have a word with this in it, and those that may.
  std::pair<std::set<std::size_t>, std::set<std::size_t>> find(SearchArea area,
                                                               const std::string& text,
                                                               std::size_t count) {
    DocSet certain(count), possible(count);
    const SearchedWord word{text, false, false};
    for (const auto& chunk : chunks_[area]) find_in_chunk(chunk.text, chunk.lists, word, certain);
    bool is_first = true;
    for (const unsigned trigram : trigrams(text)) {
      DocSet docs(count);
      find_in_bucket(buckets_[{area, bucket_of(trigram)}], trigram, docs);
      if (is_first) possible.unite(docs);
      possible.intersect(docs);
      is_first = false;
    }
    possible.unite(certain);
    return {to_set(certain, count), to_set(possible, count)};
  }

 private:
  static std::set<std::size_t> to_set(const DocSet& docs, std::size_t count) {
    std::set<std::size_t> result;
    for (std::size_t i = 0; i < count; ++i) {
      if (docs.has(i)) result.insert(i);
    }
    return result;
  }
  std::map<SearchArea, std::vector<WordChunk>> chunks_;
  std::map<std::pair<SearchArea, std::size_t>, std::string> buckets_;
};

TEST(SearchLists, GiveBackWhatTheyWereMadeOf) {
  std::mt19937 random(3);
  for (const unsigned density : {1u, 3u, 50u, 2000u}) {
    std::vector<BlockDoc> docs;
    for (unsigned doc = 0; doc < 5000; ++doc) {
      if (random() % density == 0) docs.push_back(static_cast<BlockDoc>(doc));
    }
    std::string lists;
    append_list(lists, docs);
    std::string_view rest = lists;
    const auto list = take_list(rest);
    ASSERT_TRUE(list);
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(list->docs(), docs);
    DocSet set(5000);
    list->add_to(set);
    for (const BlockDoc doc : docs) EXPECT_TRUE(set.has(doc));
  }
}

TEST(SearchLists, AreOfNoHarmWhenTheyAreDamaged) {
  std::mt19937 random(4);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (std::size_t n = random() % 60; n > 0; --n) bytes += static_cast<char>(random());
    DocSet docs(100);
    find_in_bucket(bytes, 0x616263, docs);
    find_in_chunk("\nabc\nabd\n", bytes, {"ab", true, false}, docs);
    std::string_view rest = bytes;
    while (const auto list = take_list(rest)) (void)list->docs();
  }
}

class BlockTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kDocs = 90;

  std::string word() {
    std::string text;
    const bool is_rare = random_() % 4 == 0;
    for (std::size_t n = 3 + random_() % (is_rare ? 9 : 2); n > 0; --n) {
      text += static_cast<char>('a' + random_() % (is_rare ? 26 : 5));
    }
    return random_() % 40 == 0 ? text + std::string(kMaxWord, 'q') + text : text;
  }
  void add_docs(BlockBuilder& builder, std::size_t first, std::size_t count) {
    for (std::size_t doc = first; doc < first + count; ++doc) {
      builder.begin();
      for (int i = 0; i < 30; ++i) {
        const SearchArea area = kSearchAreas[random_() % 2];
        const std::string text = word();
        texts_[area][doc].push_back(text);
        WordCutter cutter;
        const auto visit = [&](WordCutter::Word piece) { builder.add(area, piece); };
        cutter.feed(text, visit);
        cutter.finish(visit);
      }
    }
  }
  void expect_answers(MemoryBlock& block, const std::vector<bool>& is_live) {
    for (int round = 0; round < 300; ++round) {
      const SearchArea area = kSearchAreas[random_() % 2];
      const std::string text = word().substr(0, 3 + random_() % 3);
      std::set<std::size_t> expected;
      for (const auto& [doc, words] : texts_[area]) {
        const bool has = std::ranges::any_of(
            words, [&](const auto& each) { return each.find(text) != each.npos; });
        if (has && is_live[doc]) expected.insert(doc);
      }
      const auto [certain, possible] = block.find(area, text, kDocs);
      EXPECT_TRUE(std::ranges::includes(expected, certain)) << text;
      EXPECT_TRUE(std::ranges::includes(possible, expected)) << text;
    }
  }

  std::mt19937 random_{11};
  std::map<SearchArea, std::map<std::size_t, std::vector<std::string>>> texts_;
};

TEST_F(BlockTest, KnowsWhoHasAWordAndWhoMay) {
  BlockBuilder builder;
  add_docs(builder, 0, kDocs);
  MemoryBlock block;
  ASSERT_TRUE(builder.write(block));
  expect_answers(block, std::vector<bool>(kDocs, true));
}

TEST_F(BlockTest, MergedBlocksKnowTheSameButWhatIsGone) {
  MemoryBlock parts[3];
  std::vector<BlockMerge::Part> sources;
  for (std::size_t i = 0; i < 3; ++i) {
    BlockBuilder builder;
    add_docs(builder, i * kDocs / 3, kDocs / 3);
    ASSERT_TRUE(builder.write(parts[i]));
    sources.push_back({&parts[i], i * kDocs / 3});
  }
  std::vector<bool> is_live(kDocs, true);
  for (std::size_t doc = 0; doc < kDocs; doc += 7) is_live[doc] = false;
  MemoryBlock merged, again;
  ASSERT_TRUE(BlockMerge(sources, is_live, BlockMerge::Lone::Loosen).write(merged));
  expect_answers(merged, is_live);
  for (std::size_t doc = 0; doc < kDocs; doc += 5) is_live[doc] = false;
  ASSERT_TRUE(BlockMerge({{&merged, 0}}, is_live, BlockMerge::Lone::Keep).write(again));
  expect_answers(again, is_live);
}

}  // namespace
}  // namespace waxwing
