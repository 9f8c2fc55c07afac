#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/pace.h"
#include "storage/search_block.h"
#include "storage/search_index.h"
#include "storage/view.h"

namespace waxwing {

class MaildirAccount;
class MaildirMailbox;

// Brings the text index of one account up to date: reads messages that it does not know, some
// hundred at a time, and makes a block of them; makes one block of many, and drops from them what
// was expunged. Held by one thread at a time, and never under a lock.
class TextIndexer {
 public:
  explicit TextIndexer(MaildirAccount& account) : account_(account) {}

  // A few that are not indexed are left for the scan, unless all are asked for.
  enum class Tail { Leave, Take };
  // A share of the work. True when nothing is left, or can be done now.
  Result<bool> work(Pace& pace, Tail tail);

 private:
  using Message = std::pair<std::shared_ptr<MaildirMailbox>, Uid>;
  using Mailboxes = std::vector<std::shared_ptr<MaildirMailbox>>;
  // Documents and messages of a block that is being made.
  struct Batch {
    std::uint64_t opened = 0;
    std::int64_t first = 0;  // document
    BlockBuilder builder;
    std::vector<SearchDb::NewDocument> documents;
    std::unordered_map<std::string, std::int64_t> by_email_id;
    std::vector<SearchDb::NewRange> ranges;
  };

  Result<std::vector<Message>> unindexed(const Mailboxes& mailboxes, Tail tail);
  Outcome index(const std::vector<Message>& messages, Pace& pace);
  Outcome index(const Message& message, Batch& batch);
  Result<bool> read(const Message& message, Batch& batch);
  Outcome finish(Batch& batch, Pace& pace);

  Outcome sweep(Pace& pace);
  // True when there were small blocks, which are one now.
  Result<bool> merge_small(const Mailboxes& mailboxes, Pace& pace);
  Result<bool> tidy(const Mailboxes& mailboxes, Pace& pace);
  Outcome forget_gone(const Mailboxes& mailboxes);
  Result<std::vector<bool>> live_documents(const Mailboxes& mailboxes);
  Outcome merge(const std::vector<SearchDb::Block>& blocks, const std::vector<bool>& is_live,
                Pace& pace);

  MaildirAccount& account_;
  std::set<std::pair<MailboxId, Uid>> unreadable_;    // not tried again
  std::vector<std::pair<MailboxId, ModSeq>> tidied_;  // how they were when all was tidy
};

}  // namespace waxwing
