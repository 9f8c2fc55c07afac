#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing {

using Uid = std::uint32_t;  // never 0; ascending in a mailbox, never used twice.  RFC 9051 2.3.1.1
using ModSeq = std::uint64_t;  // ascending with every change of a mailbox.  RFC 7162

// A mailbox of an account, for the life of that mailbox; renaming keeps it.
struct MailboxId {
  std::int64_t value = 0;
  auto operator<=>(const MailboxId&) const = default;
};

// System flags and keywords of a message as one word. Which bit is which keyword, the view of the
// mailbox says (View::keywords).
struct Flags {
  std::uint64_t bits = 0;

  static constexpr std::uint64_t kSeen = 1, kAnswered = 2, kFlagged = 4, kDeleted = 8, kDraft = 16;
  static constexpr int kFirstKeyword = 5;
  static constexpr int kMaxKeywords = 59;

  bool has(std::uint64_t mask) const { return (bits & mask) == mask; }
  bool has_keyword(int index) const { return (bits >> (kFirstKeyword + index)) & 1; }
  bool operator==(const Flags&) const = default;
};

// The system flags by their names, in the order in which they are told.  RFC 9051 section 2.3.2
struct SystemFlag {
  std::string_view name;
  std::uint64_t bit;
};
inline constexpr SystemFlag kSystemFlags[] = {{"\\Answered", Flags::kAnswered},
                                              {"\\Flagged", Flags::kFlagged},
                                              {"\\Deleted", Flags::kDeleted},
                                              {"\\Seen", Flags::kSeen},
                                              {"\\Draft", Flags::kDraft}};

enum class SpecialUse { None, All, Archive, Drafts, Flagged, Junk, Sent, Trash, Important };

// Told when a mailbox has moved on; carries no data. Any thread; must return at once and must not
// call back into the store.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void moved(MailboxId mailbox, ModSeq modseq) = 0;
};

}  // namespace waxwing

template <>
struct std::hash<waxwing::MailboxId> {
  std::size_t operator()(waxwing::MailboxId id) const {
    return std::hash<std::int64_t>{}(id.value);
  }
};
