#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocols/imap/collation.h"

namespace waxwing::imap {

// What SEARCH, SORT and THREAD want to know of a header. Each is worked out once for a message and
// kept with the index (Mailbox::extracts), so that they need not look at a hundred thousand headers
// again. The numbers are those of the kept ones: what holds something else gets a new one.
enum class HeaderColumn : int {
  // All fields of the name, folded, each with a NUL behind it; for search.
  SubjectTexts = 1,
  FromTexts = 2,
  ToTexts = 3,
  CcTexts = 4,
  MessageIdTexts = 5,
  // SearchedHeader::sent_day() as a number, empty where there is none.
  SentDay = 6,
  // What SORT puts in order: FirstFields::sent() as a number, empty where there is no date; and
  // texts as order_key() makes them, no longer than kMaxOrderKey.
  Sent = 10,
  Subject = 11,
  From = 12,
  To = 13,
  Cc = 14,
  DisplayFrom = 15,
  DisplayTo = 16,
  // By thread_value().
  Thread = 21,
};

constexpr std::size_t kMaxOrderKey = 500;

std::string column_value(HeaderColumn column, std::string_view block, Collation collation);
// The column with the texts of this field (lower case), if there is one.
std::optional<HeaderColumn> texts_column(std::string_view field);

// Numbers as values.
std::string to_value(std::int64_t number);
std::optional<std::int64_t> number_of_value(std::string_view value);

}  // namespace waxwing::imap
