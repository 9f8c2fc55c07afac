#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "storage/search_index.h"

namespace waxwing {

// Asks one block after the other: a step is a few milliseconds, and the index is free between them.
// What goes wrong makes answers Unknown, never wrong.
class SearchLookup final : public TextLookup {
 public:
  SearchLookup(std::shared_ptr<SearchIndex> index, MailboxId mailbox,
               const std::vector<TextKey>& keys);
  bool step() override;
  const TextAnswers& answers() const override { return answers_; }

 private:
  struct Key {
    TextKey::Where where;
    std::vector<SearchedWord> words;  // a match has all of them
    bool is_proof;                    // and who has the word is a match
  };
  Result<bool> try_step();
  Outcome begin(SearchDb& db);
  Outcome search(SearchDb& db, const SearchDb::Block& block);
  Outcome search(SearchDb& db, const SearchDb::Block& block, SearchArea area,
                 std::vector<DocSet>& certain, std::vector<DocSet>& possible);

  std::shared_ptr<SearchIndex> index_;
  MailboxId mailbox_;
  std::vector<Key> keys_;
  std::optional<std::uint64_t> opened_;
  std::int64_t next_ = 0;  // document
  TextAnswers answers_;
};

}  // namespace waxwing
