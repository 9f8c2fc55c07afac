#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocols/imap/reply.h"
#include "protocols/imap/search_key.h"
#include "storage/account.h"

namespace waxwing::imap {

// Searches that a client has stored under a name, as annotations of the server: the value of
// /private/filters/values/NAME is search keys as SEARCH has them, in UTF-8. RFC 5466

// The value of this entry is a filter. Entries are in lower case, and so names of filters mean the
// same in any case.
bool is_filter_entry(std::string_view entry);

// The search keys of such a value, Kind::And. Invalid, with a text for the client, where the name
// can be no filter's or the value is no complete search.
Result<SearchKey> parse_filter(std::string_view entry, std::string_view value);

// The search with filters in place of the FILTER keys, also of those in filters. `annotations` are
// those of the server. Else the answer to the command: NO [UNDEFINED-FILTER name] where one of them
// is not there, is no search or leads back to itself, NO [LIMIT] where the whole search becomes
// larger or deeper than one that a client may send.
tl::expected<SearchKey, Reply> expand_filters(const SearchKey& program,
                                              const Annotations& annotations);

}  // namespace waxwing::imap
