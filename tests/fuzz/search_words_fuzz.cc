// A text that contains a needle has every word of the needle; and rows of a block, whatever is in
// them, name documents of the block.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "storage/search_block.h"
#include "storage/search_words.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waxwing;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t first = std::min<std::size_t>(data[0], text.size());
  const std::string_view needle = text.substr(first, data[1]);

  std::string dictionary = "\n";
  std::set<unsigned> loose;
  WordCutter cutter;
  const auto visit = [&](WordCutter::Word word) {
    if (word.text.size() < kMinWord || word.text.size() > kMaxWord + 1) std::abort();
    if (!word.is_piece) {
      dictionary.append(word.text) += '\n';
    } else {
      const auto all = trigrams(word.text);
      loose.insert(all.begin(), all.end());
    }
  };
  cutter.feed(text.substr(0, first), visit);
  cutter.feed(text.substr(first), visit);
  cutter.finish(visit);
  for (const SearchedWord& word : cut_needle(needle)) {
    const auto all = trigrams(word.text);
    const bool may_be_loose =
        std::ranges::all_of(all, [&](unsigned trigram) { return loose.contains(trigram); });
    if (!has_match(dictionary, word) && !may_be_loose) std::abort();
  }

  DocSet docs(100);
  find_in_bucket(text, trigrams("abc").front(), docs);
  find_in_chunk(dictionary, text, {"a", false, false}, docs);
  return 0;
}
