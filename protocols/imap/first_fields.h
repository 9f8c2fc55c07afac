#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace waxwing::imap {

// The fields that SORT and THREAD look at: the first of each name that is not empty. One pass over
// the block, of which these are views: raw, and nothing is parsed before it is asked for.
struct FirstFields {
  explicit FirstFields(std::string_view block);

  std::string_view cc, date, from, in_reply_to, message_id, references, subject, to;

  // The moment that a message was sent at: its Date:, or when that cannot be read the date it came
  // at. Unix seconds.  RFC 5256 section 2.2
  std::int64_t sent(std::int64_t internal_date) const;
};

}  // namespace waxwing::imap
