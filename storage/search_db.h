#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/disk.h"
#include "storage/search_block.h"
#include "storage/sqlite.h"
#include "storage/text_lookup.h"
#include "storage/types.h"

namespace waxwing {

// search.sqlite: the blocks of an account's text index, and which message is which document. A
// document is a text, whatever mailboxes have it: copies are the same one. Held by one thread at a
// time.
class SearchDb {
 public:
  // Which state of index.sqlite this index goes with. An index of a later state, or of another
  // index.sqlite, knows messages by UIDs that mean others now.
  struct Generation {
    std::string lineage;
    std::int64_t number = 0;
  };
  // Makes a new one when there is none, or one that is damaged, of another version or of another
  // generation.
  static Result<std::unique_ptr<SearchDb>> open(Disk& disk, const std::string& path,
                                                const Generation& generation);
  static Outcome remove(Disk& disk, const std::string& path);

  struct Block {
    std::int64_t id = 0;
    std::int64_t first = 0;  // document
    std::int64_t count = 0;
    std::int64_t documents = 0;  // in use when it was made; other numbers are empty
    std::int64_t bytes = 0;
    bool is_merged = false;
    std::int64_t end() const { return first + count; }
  };
  Result<std::vector<Block>> blocks();
  // The first that has documents from this one on.
  Result<std::optional<Block>> block_from(std::int64_t document);
  // No document is or was this one or a later one.
  Result<std::int64_t> next_document();

  using Range = TextAnswers::Range;
  Result<std::vector<Range>> ranges(MailboxId mailbox);
  Result<std::vector<MailboxId>> mailboxes();
  // 0: none has this email id.
  Result<std::int64_t> find_document(std::string_view email_id);

  Outcome read_chunks(const Block& block, SearchArea area,
                      const std::function<void(std::int64_t key, std::string_view text)>& visit);
  Result<std::string> lists(std::int64_t key);
  Result<WordChunk> chunk(const Block& block, SearchArea area, std::size_t number);
  Result<std::string> bucket(const Block& block, SearchArea area, std::size_t number);

  // A block is written row by row, unseen by readers, and then takes its place.
  Result<Block> new_block();
  Outcome add_chunk(const Block& block, SearchArea area, std::size_t number,
                    const WordChunk& chunk);
  Outcome add_bucket(const Block& block, SearchArea area, std::size_t number,
                     const std::string& lists);
  struct NewRange {
    MailboxId mailbox;
    Range range;
  };
  struct NewDocument {
    std::string email_id;
    std::int64_t document = 0;
  };
  // In one commit. Without a block (count 0): only ranges.
  Outcome add(const Block& block, const std::vector<NewDocument>& documents,
              const std::vector<NewRange>& ranges, const Generation& generation);
  // `block` stands for these from now on; those of its documents that are not live are forgotten.
  Outcome replace(const std::vector<Block>& old, const Block& block,
                  const std::vector<bool>& is_live);
  // Removes some rows of blocks that are replaced. True when nothing is left.
  Result<bool> sweep();
  // These messages are gone.
  Outcome forget(MailboxId mailbox, const std::vector<Range>& ranges);
  Outcome forget(MailboxId mailbox);

 private:
  explicit SearchDb(sqlite::Database database);
  static Result<std::unique_ptr<SearchDb>> open_existing(const std::string& path,
                                                         const Generation& generation);
  Outcome set_generation(const Generation& generation);

  sqlite::Database database_;
  sqlite::Statement block_from_, read_chunks_, lists_, chunk_, bucket_, find_document_, ranges_;
};

}  // namespace waxwing
