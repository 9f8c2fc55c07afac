#include <algorithm>

#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"
#include "storage/text_indexer.h"

// Makes one block of many small ones, and drops what was expunged.

namespace waxwing {
namespace {

// So much of an index in small blocks is enough for a finished one, whatever the messages.
constexpr std::int64_t kMergeBytes = 64 << 20;
constexpr std::int64_t kMaxMergedSpan = 32'768;
// And so are those of which only a share is left.
constexpr std::int64_t kSmallShare = 4;
// A block of which so much is gone is made again without it.
constexpr std::int64_t kGoneShare = 8;

// Small blocks in a row that are enough for one; none when there are not that many.
std::vector<SearchDb::Block> to_merge(const std::vector<SearchDb::Block>& blocks,
                                      std::int64_t enough) {
  std::vector<SearchDb::Block> run;
  std::int64_t documents = 0, bytes = 0;
  for (const auto& block : blocks) {
    const bool is_whole = block.is_merged && block.documents >= enough / kSmallShare;
    if (is_whole || (!run.empty() && block.end() - run.front().first > kMaxMergedSpan)) {
      run.clear();
      documents = bytes = 0;
      if (is_whole) continue;
    }
    run.push_back(block);
    documents += block.documents;
    bytes += block.bytes;
    if (run.size() > 1 && (documents >= enough || bytes >= kMergeBytes)) return run;
  }
  return {};
}

bool is_worn(const SearchDb::Block& block, const std::vector<bool>& is_live) {
  const auto first = is_live.begin() + block.first;
  const std::int64_t live = std::count(first, first + block.count, true);
  return (block.documents - live) * kGoneShare > block.documents;
}

}  // namespace

// Rows of blocks that were replaced.
Outcome TextIndexer::sweep(Pace& pace) {
  while (true) {
    {
      auto held = account_.texts().hold();
      if (!held) return fail(held.error());
      const auto is_clean = held->db.sweep();
      if (!is_clean) return fail(is_clean.error());
      if (*is_clean) return {};
    }
    if (!pace.go_on()) return fail(Error::Code::Cancelled, "stopping");
  }
}

Result<bool> TextIndexer::merge_small(const Mailboxes& mailboxes, Pace& pace) {
  std::vector<SearchDb::Block> small;
  {
    auto held = account_.texts().hold();
    if (!held) return fail(held.error());
    const auto blocks = held->db.blocks();
    if (!blocks) return fail(blocks.error());
    small = to_merge(*blocks, static_cast<std::int64_t>(account_.context().options.text_block));
  }
  if (small.empty()) return false;
  const auto is_live = live_documents(mailboxes);
  if (!is_live) return fail(is_live.error());
  if (auto done = merge(small, *is_live, pace); !done) return fail(done.error());
  return true;
}

// What was expunged leaves the index. True when all is tidy.
Result<bool> TextIndexer::tidy(const Mailboxes& mailboxes, Pace& pace) {
  std::vector<std::pair<MailboxId, ModSeq>> state;
  for (const auto& mailbox : mailboxes) {
    state.emplace_back(mailbox->id(), mailbox->view()->highest_modseq());
  }
  if (state == tidied_) return true;
  if (auto done = forget_gone(mailboxes); !done) return fail(done.error());
  const auto is_live = live_documents(mailboxes);
  if (!is_live) return fail(is_live.error());
  std::optional<SearchDb::Block> worn;
  {
    auto held = account_.texts().hold();
    if (!held) return fail(held.error());
    const auto blocks = held->db.blocks();
    if (!blocks) return fail(blocks.error());
    for (const auto& block : *blocks) {
      if (is_worn(block, *is_live)) worn = block;
    }
  }
  if (!worn) {
    tidied_ = std::move(state);
    return true;
  }
  if (auto done = merge({*worn}, *is_live, pace); !done) return fail(done.error());
  return false;
}

// Ranges of which no message is there.
Outcome TextIndexer::forget_gone(const Mailboxes& mailboxes) {
  auto held = account_.texts().hold();
  if (!held) return fail(held.error());
  const auto known = held->db.mailboxes();
  if (!known) return fail(known.error());
  for (const MailboxId id : *known) {
    const auto mailbox = std::ranges::find_if(
        mailboxes, [&](const auto& each) { return each->id() == id && !each->is_gone(); });
    if (mailbox == mailboxes.end()) {
      if (auto done = held->db.forget(id); !done) return done;
      continue;
    }
    const auto view = (*mailbox)->view();
    auto ranges = held->db.ranges(id);
    if (!ranges) return fail(ranges.error());
    std::erase_if(*ranges, [&](const auto& range) {
      const std::size_t next = view->lower_bound(range.first);
      return next < view->size() && (*view)[next].uid - range.first < range.count;
    });
    if (ranges->empty()) continue;
    if (auto done = held->db.forget(id, *ranges); !done) return done;
  }
  return {};
}

// By document: some message is it.
Result<std::vector<bool>> TextIndexer::live_documents(const Mailboxes& mailboxes) {
  auto held = account_.texts().hold();
  if (!held) return fail(held.error());
  const auto end = held->db.next_document();
  if (!end) return fail(end.error());
  std::vector<bool> is_live(static_cast<std::size_t>(*end));
  for (const auto& mailbox : mailboxes) {
    const auto view = mailbox->view();
    const auto ranges = held->db.ranges(mailbox->id());
    if (!ranges) return fail(ranges.error());
    for (const auto& range : *ranges) {
      if (range.document == 0) continue;
      for (std::size_t i = view->lower_bound(range.first);
           i < view->size() && (*view)[i].uid - range.first < range.count; ++i) {
        const auto document =
            static_cast<std::size_t>(range.document) + ((*view)[i].uid - range.first);
        if (document < is_live.size()) is_live[document] = true;
      }
    }
  }
  return is_live;
}

}  // namespace waxwing
