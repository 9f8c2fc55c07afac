#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/types.h"

namespace waxwing {

// What a mailbox view knows of each message.
struct MessageRow {
  Uid uid = 0;
  std::uint32_t size = 0;          // octets
  std::int64_t internal_date = 0;  // Unix seconds
  std::int64_t save_date = 0;      // Unix seconds: when it came into this mailbox
  ModSeq modseq = 0;               // of its last change
  Flags flags;
};

// One state of a mailbox, for ever: the messages in UID order, as they were at highest_modseq().
// Versions share what did not change, so a new one costs little and an old one stays valid as long
// as a session numbers its messages by it. Any thread.
class View {
 public:
  using Version = std::shared_ptr<const View>;
  // Rows are kept in chunks of this many at most.
  static constexpr std::size_t kChunk = 512;
  using Chunk = std::vector<MessageRow>;

  std::size_t size() const { return size_; }
  // index: 0 .. size()-1; a sequence number is index + 1.
  const MessageRow& operator[](std::size_t index) const;
  // The index of this UID.
  std::optional<std::size_t> find(Uid uid) const;
  // The index of the first message with this UID or a higher one; size() when there is none.
  std::size_t lower_bound(Uid uid) const;

  Uid uid_next() const { return uid_next_; }
  ModSeq highest_modseq() const { return highest_modseq_; }
  std::uint64_t total_size() const { return total_size_; }
  std::size_t unseen() const { return unseen_; }
  std::size_t deleted() const { return deleted_; }
  // Index of the first message without \Seen.
  std::optional<std::size_t> first_unseen() const;
  // Names of the keywords; the position is the index in Flags.
  const std::vector<std::string>& keywords() const { return *keywords_; }

  // What differs between two versions of one mailbox; cost follows the differences.
  struct Difference {
    std::vector<std::size_t> expunged;  // indexes in the older version, ascending
    std::vector<std::size_t>
        changed;            // indexes in the newer version of old messages with a newer modseq
    std::size_t added = 0;  // messages at the end of the newer version that the older has not
  };
  static Difference difference(const View& older, const View& newer);

  // Versions are made by these.
  static Version make(std::vector<MessageRow> rows, Uid uid_next, ModSeq highest_modseq,
                      std::vector<std::string> keywords);
  Version with_added(const std::vector<MessageRow>& rows, Uid uid_next, ModSeq modseq) const;
  // rows: present messages with their new content, ascending by UID.
  Version with_changed(const std::vector<MessageRow>& rows, ModSeq modseq) const;
  Version with_expunged(const std::vector<Uid>& uids, ModSeq modseq) const;
  Version with_keywords(std::vector<std::string> keywords) const;

 private:
  std::size_t chunk_of(std::size_t index) const;

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::vector<std::size_t> starts_;  // index of the first row of each chunk
  std::size_t size_ = 0;
  Uid uid_next_ = 1;
  ModSeq highest_modseq_ = 1;
  std::uint64_t total_size_ = 0;
  std::size_t unseen_ = 0;
  std::size_t deleted_ = 0;
  std::shared_ptr<const std::vector<std::string>> keywords_ =
      std::make_shared<std::vector<std::string>>();
};

}  // namespace waxwing
