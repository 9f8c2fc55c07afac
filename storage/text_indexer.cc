#include "storage/text_indexer.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/header.h"
#include "protocols/mail/search_text.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {
namespace {

// Messages of one block; so many are worth one.
constexpr std::size_t kBatch = 512;
constexpr std::size_t kWorthABlock = 64;
constexpr std::size_t kBatchBytes = 24 << 20;
// A message with more text is left to the scan.
constexpr std::size_t kMaxText = 8 << 20;
// Between UIDs of messages in a row: so many documents may stay empty.
constexpr Uid kMaxGap = 8;

// Puts the words of folded text into a block.
class AreaWords {
 public:
  AreaWords(BlockBuilder& builder, SearchArea area) : builder_(builder), area_(area) {}
  void feed(std::string_view folded) {
    size_ += folded.size();
    cutter_.feed(folded, [&](WordCutter::Word word) { builder_.add(area_, word); });
  }
  void finish() {
    cutter_.finish([&](WordCutter::Word word) { builder_.add(area_, word); });
  }
  void feed_header(std::string_view block) {
    mail::HeaderWalker walker(block);
    while (const auto field = walker.next()) {
      if (field->name.empty()) continue;
      feed(to_lower(field->name) + ": " +
           mail::fold_for_search(mail::searched_value(field->value)));
      finish();
    }
  }
  std::size_t size() const { return size_; }

 private:
  BlockBuilder& builder_;
  SearchArea area_;
  WordCutter cutter_;
  std::size_t size_ = 0;
};

// Reads a small message once and as a whole.
mail::ReadRange reader(Disk& disk, const MessageFile& file) {
  constexpr std::uint64_t kWhole = 256 * 1024;
  auto whole = std::make_shared<std::optional<std::string>>();
  return [&disk, file, whole](mail::ByteRange range) -> Result<std::string> {
    if (file.size <= kWhole) {
      if (!*whole) {
        auto bytes = disk.read(*file.file, 0, static_cast<std::size_t>(file.size));
        if (!bytes) return bytes;
        *whole = std::move(*bytes);
      }
      if (range.offset + range.size > (*whole)->size()) {
        return fail(Error::Code::Temporary, "message file is short");
      }
      return (*whole)->substr(range.offset, range.size);
    }
    auto bytes = disk.read(*file.file, range.offset, static_cast<std::size_t>(range.size));
    if (bytes && bytes->size() != range.size) {
      return fail(Error::Code::Temporary, "message file is short");
    }
    return bytes;
  };
}

// The message before this one in its mailbox is the last of these ranges: between them is nothing
// that could be taken for indexed.
bool is_next_to(const std::vector<SearchDb::NewRange>& ranges, const Mailbox& mailbox, Uid uid) {
  if (ranges.empty() || ranges.back().mailbox != mailbox.id()) return false;
  const auto view = mailbox.view();
  const std::size_t index = view->lower_bound(uid);
  const auto& last = ranges.back().range;
  return index > 0 && (*view)[index - 1].uid == last.first + last.count - 1;
}

// Makes the message the next of the ranges' last, or begins a new one.
void add_to(std::vector<SearchDb::NewRange>& ranges, const Mailbox& mailbox, Uid uid,
            std::int64_t document) {
  if (is_next_to(ranges, mailbox, uid)) {
    auto& range = ranges.back().range;
    const Uid distance = uid - range.first;
    const bool is_next = document == 0
                             ? range.document == 0 && distance == range.count
                             : range.document != 0 && document == range.document + distance &&
                                   distance - range.count <= kMaxGap;
    if (is_next) {
      range.count = distance + 1;
      return;
    }
  }
  ranges.push_back({mailbox.id(), {uid, 1, document}});
}

}  // namespace

Result<bool> TextIndexer::work(Pace& pace, Tail tail) {
  const auto opened = account_.open_texts();
  if (!opened) return fail(opened.error());
  auto mailboxes = account_.loaded_mailboxes();
  if (!mailboxes) return fail(mailboxes.error());
  if (auto done = sweep(pace); !done) return fail(done.error());
  const auto is_merged = merge_small(*mailboxes, pace);
  if (!is_merged) return fail(is_merged.error());
  if (*is_merged) return false;
  const auto messages = unindexed(*mailboxes, tail);
  if (!messages) return fail(messages.error());
  if (messages->empty()) return tidy(*mailboxes, pace);
  if (auto done = index(*messages, pace); !done) return fail(done.error());
  return false;
}

Result<std::vector<TextIndexer::Message>> TextIndexer::unindexed(const Mailboxes& mailboxes,
                                                                 Tail tail) {
  std::vector<Message> result;
  for (const auto& mailbox : mailboxes) {
    if (mailbox->is_gone()) continue;
    const auto view = mailbox->view();
    auto held = account_.texts().hold();
    if (!held) return fail(held.error());
    const auto ranges = held->db.ranges(mailbox->id());
    if (!ranges) return fail(ranges.error());
    held->lock.unlock();
    auto range = ranges->begin();
    for (std::size_t i = 0; i < view->size() && result.size() < kBatch; ++i) {
      const Uid uid = (*view)[i].uid;
      while (range != ranges->end() && range->first + range->count <= uid) ++range;
      if (range != ranges->end() && range->first <= uid) continue;
      if (unreadable_.contains({mailbox->id(), uid})) continue;
      result.emplace_back(mailbox, uid);
    }
  }
  if (tail == Tail::Leave && result.size() < kWorthABlock) result.clear();
  return result;
}

Outcome TextIndexer::index(const std::vector<Message>& messages, Pace& pace) {
  Batch batch;
  {
    auto held = account_.texts().hold();
    if (!held) return fail(held.error());
    const auto next = held->db.next_document();
    if (!next) return fail(next.error());
    batch.first = *next;
    batch.opened = held->opened;
  }
  for (const Message& message : messages) {
    if (auto done = index(message, batch); !done) {
      // It is the index that fails, not the message.
      if (auto held = account_.texts().hold(); !held) return fail(held.error());
      if (done.error().code == Error::Code::Corrupt) return done;
      unreadable_.insert({message.first->id(), message.second});
      log.debug("message not indexed", {{"account", account_.address()},
                                        {"uid", message.second},
                                        {"reason", done.error().text}});
    }
    if (batch.builder.bytes() > kBatchBytes || batch.builder.count() + kMaxGap > kMaxBlockDocs)
      break;
    if (!pace.go_on()) return fail(Error::Code::Cancelled, "stopping");
  }
  return finish(batch, pace);
}

Outcome TextIndexer::index(const Message& message, Batch& batch) {
  const auto& [mailbox, uid] = message;
  const Uid uids[] = {uid};
  const auto ids = mailbox->email_ids(uids);
  if (!ids) return fail(ids.error());
  const std::string& email_id = ids->front();
  if (email_id.empty()) return fail(Error::Code::NotFound, "gone");
  // A copy of what is known, or what was moved.
  std::int64_t document = 0;
  if (const auto known = batch.by_email_id.find(email_id); known != batch.by_email_id.end()) {
    document = known->second;
  } else {
    auto held = account_.texts().hold();
    if (!held) return fail(held.error());
    const auto found = held->db.find_document(email_id);
    if (!found) return fail(found.error());
    document = *found;
  }
  if (document == 0) {
    Uid gap = 0;
    if (is_next_to(batch.ranges, *mailbox, uid)) {
      const auto& last = batch.ranges.back().range;
      const bool is_last =
          last.document != 0 && last.document + last.count ==
                                    batch.first + static_cast<std::int64_t>(batch.builder.count());
      const Uid empty = uid - last.first - last.count;
      if (is_last && empty <= kMaxGap) gap = empty;
    }
    document = batch.first + batch.builder.begin(gap);
    const auto is_whole = read(message, batch);
    if (!is_whole) return fail(is_whole.error());
    if (*is_whole) {
      batch.documents.push_back({email_id, document});
      batch.by_email_id.emplace(email_id, document);
    } else {
      document = 0;
    }
  }
  add_to(batch.ranges, *mailbox, uid, document);
  return {};
}

// False when it has more text than is indexed.
Result<bool> TextIndexer::read(const Message& message, Batch& batch) {
  const auto& [mailbox, uid] = message;
  const Uid uids[] = {uid};
  std::optional<mail::Message> parsed;
  auto done = mailbox->read(uids, Mailbox::Fields::All, [&](Uid, const Parsed& fields) {
    parsed = mail::decode(fields.message);
    return true;
  });
  if (!done) return fail(done.error());
  if (!parsed) return fail(Error::Code::NotFound, "gone");
  const auto file = mailbox->open(uid);
  if (!file) return fail(file.error());
  const auto read = reader(account_.context().disk, *file);

  AreaWords header(batch.builder, SearchArea::Header), body(batch.builder, SearchArea::Body);
  const auto block = read({0, std::min(parsed->root.body_offset, mail::kMaxSearchedHeader)});
  if (!block) return fail(block.error());
  header.feed_header(*block);
  mail::SearchText text(std::move(*parsed), read, mail::SearchText::PartHeaders::With);
  while (true) {
    const auto piece = text.next();
    if (!piece) return fail(piece.error());
    if (!*piece) break;
    if (header.size() + body.size() > kMaxText) return false;
    using Kind = mail::SearchText::Piece::Kind;
    switch ((*piece)->kind) {
      case Kind::PartHeader: header.feed_header((*piece)->text); break;
      case Kind::EnclosedHeader: body.feed_header((*piece)->text); break;
      case Kind::Text:
        if ((*piece)->is_first) body.finish();
        body.feed(mail::fold_for_search((*piece)->text));
        break;
    }
  }
  body.finish();
  return true;
}

namespace {

// Writes rows one by one; the index is free in between.
class IndexSink final : public BlockSink {
 public:
  IndexSink(SearchIndex& index, std::uint64_t opened, SearchDb::Block& block, Pace& pace)
      : index_(index), opened_(opened), block_(block), pace_(pace) {}

  Outcome add_chunk(SearchArea area, const WordChunk& chunk) override {
    block_.bytes += static_cast<std::int64_t>(chunk.text.size() + chunk.lists.size());
    return write([&](SearchDb& db) {
      return db.add_chunk(block_, area, chunks_[static_cast<std::size_t>(area)]++, chunk);
    });
  }
  Outcome add_bucket(SearchArea area, std::size_t bucket, const std::string& lists) override {
    block_.bytes += static_cast<std::int64_t>(lists.size());
    return write([&](SearchDb& db) { return db.add_bucket(block_, area, bucket, lists); });
  }

 private:
  template <typename Write>
  Outcome write(Write&& write) {
    {
      auto held = index_.hold();
      if (!held) return fail(held.error());
      if (held->opened != opened_) return fail(Error::Code::Cancelled, "another index");
      if (auto done = write(held->db); !done) return done;
    }
    return pace_.go_on() ? Outcome() : fail(Error::Code::Cancelled, "stopping");
  }

  SearchIndex& index_;
  std::uint64_t opened_;
  SearchDb::Block& block_;
  Pace& pace_;
  std::size_t chunks_[2] = {};
};

class IndexSource final : public BlockSource {
 public:
  IndexSource(SearchIndex& index, std::uint64_t opened, SearchDb::Block block)
      : index_(index), opened_(opened), block_(block) {}
  Result<WordChunk> chunk(SearchArea area, std::size_t number) override {
    auto held = index_.hold();
    if (!held) return fail(held.error());
    if (held->opened != opened_) return fail(Error::Code::Cancelled, "another index");
    return held->db.chunk(block_, area, number);
  }
  Result<std::string> bucket(SearchArea area, std::size_t number) override {
    auto held = index_.hold();
    if (!held) return fail(held.error());
    if (held->opened != opened_) return fail(Error::Code::Cancelled, "another index");
    return held->db.bucket(block_, area, number);
  }

 private:
  SearchIndex& index_;
  std::uint64_t opened_;
  SearchDb::Block block_;
};

}  // namespace

Outcome TextIndexer::finish(Batch& batch, Pace& pace) {
  if (batch.ranges.empty()) return {};
  SearchDb::Block block;
  if (batch.builder.count() > 0) {
    auto held = account_.texts().hold();
    if (!held) return fail(held.error());
    auto fresh = held->db.new_block();
    if (!fresh) return fail(fresh.error());
    block = *fresh;
    block.first = batch.first;
    block.count = static_cast<std::int64_t>(batch.builder.count());
    block.documents = static_cast<std::int64_t>(batch.documents.size());
  }
  IndexSink sink(account_.texts(), batch.opened, block, pace);
  if (auto done = batch.builder.write(sink); !done) return done;
  // index.sqlite first: it may be ahead of this index, and never behind.
  const auto generation = account_.next_text_generation();
  if (!generation) return fail(generation.error());
  auto held = account_.texts().hold();
  if (!held) return fail(held.error());
  if (held->opened != batch.opened) return fail(Error::Code::Cancelled, "another index");
  auto done = held->db.add(block, batch.documents, batch.ranges, *generation);
  if (!done) return done;
  log.debug("texts indexed",
            {{"account", account_.address()}, {"messages", batch.documents.size()}});
  return {};
}

Outcome TextIndexer::merge(const std::vector<SearchDb::Block>& blocks,
                           const std::vector<bool>& is_live, Pace& pace) {
  SearchDb::Block merged;
  std::uint64_t opened = 0;
  {
    auto held = account_.texts().hold();
    if (!held) return fail(held.error());
    opened = held->opened;
    auto fresh = held->db.new_block();
    if (!fresh) return fail(fresh.error());
    merged = *fresh;
  }
  merged.first = blocks.front().first;
  merged.count = blocks.back().end() - merged.first;
  merged.is_merged = blocks.size() > 1 || blocks.front().is_merged;
  std::vector<IndexSource> sources;
  sources.reserve(blocks.size());
  std::vector<BlockMerge::Part> parts;
  for (const auto& block : blocks) {
    sources.emplace_back(account_.texts(), opened, block);
    parts.push_back({&sources.back(), static_cast<std::size_t>(block.first - merged.first)});
  }
  std::vector<bool> live(is_live.begin() + merged.first,
                         is_live.begin() + merged.first + merged.count);
  merged.documents = std::ranges::count(live, true);
  IndexSink sink(account_.texts(), opened, merged, pace);
  const auto lone = merged.is_merged ? BlockMerge::Lone::Loosen : BlockMerge::Lone::Keep;
  if (auto done = BlockMerge(std::move(parts), live, lone).write(sink); !done) return done;
  auto held = account_.texts().hold();
  if (!held) return fail(held.error());
  if (held->opened != opened) return fail(Error::Code::Cancelled, "another index");
  return held->db.replace(blocks, merged, live);
}

}  // namespace waxwing
