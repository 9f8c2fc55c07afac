#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocols/imap/collation.h"
#include "protocols/imap/first_fields.h"
#include "protocols/imap/threading.h"

namespace waxwing::imap {

// What THREAD wants of a header, as the value of a column: numbers, and hashes instead of texts,
// because those are read faster than they are made.  RFC 5256 section 3
std::string thread_value(const FirstFields& fields, Collation collation);

// Into a member that arrived then. What is no value is a message that says nothing of itself.
void read_thread_value(std::string_view value, std::int64_t arrived, ThreadMember& member);

}  // namespace waxwing::imap
