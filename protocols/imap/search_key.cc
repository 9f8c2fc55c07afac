#include "protocols/imap/search_key.h"

#include <algorithm>

namespace waxwing::imap {

bool SearchKey::has(Kind wanted) const {
  return kind == wanted ||
         std::ranges::any_of(keys, [&](const SearchKey& key) { return key.has(wanted); });
}

}  // namespace waxwing::imap
