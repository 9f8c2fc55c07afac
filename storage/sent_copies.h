#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "storage/staged.h"
#include "storage/types.h"

namespace waxwing {

// What two messages have in common that are the same but for Bcc and for the fields that servers
// add on the way: 32 raw bytes. Line ends at the very end do not count. Reads the message, after
// finish(); nothing where its header is too large to be known.
Result<std::optional<std::string>> sent_fingerprint(Staged& message);

// Copies of what users have submitted, for the few minutes in which their mail program may upload
// the same message to Sent once more. Lost with a restart: then there are two. Any thread; never
// blocks.
class SentCopies {
 public:
  struct Copy {
    MailboxId mailbox;
    std::uint32_t uid_validity = 0;
    Uid uid = 0;
  };
  static constexpr std::chrono::minutes kKept{15};

  explicit SentCopies(const Clock& clock) : clock_(clock) {}

  void note(const std::string& account, std::string fingerprint, const Copy& copy);
  // Has this account any? Asked before its upload is read for a fingerprint.
  bool has_any(std::string_view account);
  // Found once: who uploads the same again wants it twice.
  std::optional<Copy> take(std::string_view account, std::string_view fingerprint);

 private:
  struct Entry {
    std::string fingerprint;
    Copy copy;
    Steady until;
  };
  using Entries = std::deque<Entry>;
  // Of this account, without those that are too old; nullptr: none.
  Entries* find(std::string_view account);
  void drop_old();

  const Clock& clock_;
  std::mutex mutex_;  // guards all below
  std::map<std::string, Entries, std::less<>> accounts_;
  Steady dropped_at_{};  // when all accounts were last looked through
};

}  // namespace waxwing
