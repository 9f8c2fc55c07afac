#include <algorithm>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {

// Asks how texts are compared, or says how they shall be.  RFC 5255 sections 4.7 to 4.9
Reply comparator(Conversation& conversation, Comparator& comparator, Output& output) {
  std::vector<Collation> found;
  for (const std::string& order : comparator.orders) {
    for (const Collation collation : find_collations(order)) {
      if (std::ranges::find(found, collation) == found.end()) found.push_back(collation);
    }
  }
  if (found.empty() && !comparator.orders.empty()) {
    return Reply::no("There is no such comparator here", "BADCOMPARATOR");
  }
  if (!found.empty()) conversation.collation = found.front();
  output << "* COMPARATOR " << name_of(conversation.collation);
  if (found.size() > 1) {
    std::string_view separator = " (";
    for (const Collation collation : found) {
      output << separator << name_of(collation);
      separator = " ";
    }
    output << ")";
  }
  output << "\r\n";
  return Reply::ok("Texts are compared so");
}

}  // namespace waxwing::imap
