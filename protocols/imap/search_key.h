#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocols/imap/sequence_set.h"

namespace waxwing::imap {

// One search-key of RFC 9051 section 6.4.4 or RFC 3501, as written; And is what parentheses (and
// the whole program) are.
struct SearchKey {
  enum class Kind {
    All,
    Flag,       // mask: ANSWERED DELETED DRAFT FLAGGED SEEN
    NoFlag,     // mask: UNANSWERED ...
    Keyword,    // text
    NoKeyword,  // text: UNKEYWORD
    Recent,
    Old,
    New,      // RECENT UNSEEN
    ModSeq,   // number: this mod-sequence or a later one.  RFC 7162 section 3.1.5
    EmailId,  // text.  RFC 8474 section 7
    ThreadId,
    SavedBefore,  // days: SAVEDATE.  RFC 8514 section 4.3
    SavedOn,
    SavedSince,
    Larger,   // number
    Smaller,  // number
    Older,    // number: seconds since INTERNALDATE.  RFC 5032
    Younger,
    Before,  // days: INTERNALDATE
    On,
    Since,
    SentBefore,  // days: Date:
    SentOn,
    SentSince,
    Numbers,    // set
    Uids,       // set
    UidAfter,   // number: above this UID.  RFC 9738
    UidBefore,  // number: below
    Header,     // field, text
    Bcc,        // text
    Cc,
    From,
    Subject,
    To,
    Body,
    Text,
    Annotation,  // field: an entry or a pattern; mask: of which values; text, or number 0 for
                 // NIL, which means that there is none.  RFC 5257 section 4.8
    Filter,      // text: its name.  RFC 5466
    Fuzzy,       // keys[0].  RFC 6203
    Not,         // keys[0]
    Or,          // keys[0], keys[1]
    And,         // keys
  };
  static constexpr std::uint64_t kPrivateValue = 1, kSharedValue = 2;
  Kind kind = Kind::All;
  std::uint64_t mask = 0;  // Flags::kSeen ...
  std::uint64_t number = 0;
  std::int64_t days = 0;  // since 1970-01-01
  std::string text;       // in the charset of the command
  std::string field;
  SequenceSet set;  // EmailId, ThreadId, Annotation: UIDs that it stands for, once looked up
  std::vector<SearchKey> keys;
  bool operator==(const SearchKey&) const = default;

  // This kind of key stands somewhere in it.
  bool has(Kind wanted) const;
};

}  // namespace waxwing::imap
