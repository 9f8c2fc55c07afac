#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "protocols/smtp/intake.h"
#include "protocols/smtp/text_filter.h"
#include "storage/staged.h"

namespace waxwing::smtp {

// The text of one message on its way in: checked, gathered, and put into a Staged. What is wrong
// with it is remembered until the client has sent all of it; from then on nothing more is kept.
// Held by one thread at a time.
class Content {
 public:
  // So much is gathered before a worker is asked to write it.
  static constexpr std::size_t kGather = 64 * 1024;

  explicit Content(const Settings& settings);

  // Makes the place for it. May block: Storage lane.
  void open(Intake& intake, std::uint64_t expected_size);
  bool is_open() const { return staged_ != nullptr; }

  // Never blocks.
  void take(std::string_view text);
  // Enough is gathered, and writing it may block.
  bool wants_disk() const { return gathered_.size() >= kGather; }
  // Puts what was gathered into memory, where that is where it belongs.
  void flush_to_memory();
  // Puts it where it belongs. May block: Storage lane.
  void flush();

  // Far over the limit, and still coming: no use in reading on.
  bool is_hopeless() const { return taken_ / 2 > max_size_ + (1 << 20); }
  void refuse(Reply reply);
  const std::optional<Reply>& refusal() const { return refusal_; }
  // All of the message; only when there is no refusal. Call once. May block: Storage lane.
  std::unique_ptr<Staged> finish();

 private:
  const std::uint64_t max_size_;
  TextFilter filter_;
  std::string gathered_;
  std::uint64_t taken_ = 0;
  std::unique_ptr<Staged> staged_;
  std::optional<Reply> refusal_;
};

}  // namespace waxwing::smtp
