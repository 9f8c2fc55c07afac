#pragma once

#include <string>
#include <vector>

#include "storage/message_annotations.h"

namespace waxwing::imap {

// What SORT puts messages in order by.  RFC 5256 section 3, RFC 5957, RFC 6203 section 6
struct SortKey {
  enum class Kind {
    Annotation,  // RFC 5257 section 4.9
    Arrival,
    Cc,
    Date,
    DisplayFrom,
    DisplayTo,
    From,
    Relevancy,  // the best first
    Size,
    Subject,
    To
  };
  enum class Order { Ascending, Descending };
  Kind kind = Kind::Arrival;
  Order order = Order::Ascending;
  std::string entry = {};  // Annotation
  Whose whose = Whose::Private;
  bool operator==(const SortKey&) const = default;
};
using SortKeys = std::vector<SortKey>;  // the first one decides; the next ones where it does not

}  // namespace waxwing::imap
