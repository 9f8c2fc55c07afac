#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/mailbox.h"

namespace waxwing::imap {

// The values of one column for the messages of one block, as an extract. Few values are long; those
// are not kept, so that a block made by a stranger's mail is no large one.
class ColumnBlock {
 public:
  static constexpr std::size_t kMaxValue = 2000;

  // Of kept bytes; nothing when it made no such bytes.
  static std::optional<ColumnBlock> read(Extract extract);

  Uid block() const { return block_; }
  // Nothing when it is not kept.
  std::optional<std::string_view> find(Uid uid) const;

  class Maker {
   public:
    explicit Maker(Uid block) : block_(block) {}
    // In the order of the UIDs, which lie in the block.
    void add(Uid uid, std::string_view value);
    Extract take();

   private:
    Uid block_;
    std::string uids_, sizes_, values_;
  };

 private:
  ColumnBlock() = default;

  static constexpr std::uint32_t kNowhere = UINT32_MAX;

  Uid block_ = 0;
  std::string bytes_;
  // By the place in the block: where the value ends, and with the one before, where it begins.
  std::vector<std::uint32_t> begins_, ends_;
};

}  // namespace waxwing::imap
