#pragma once

#include <string>
#include <string_view>

namespace waxwing::imap {

struct Conversation;

// What this client may use now, without the word CAPABILITY: before and after sign-in, and with or
// without TLS, these are other words.  RFC 9051 section 6.1.1
std::string capabilities(const Conversation& conversation);

// Something that can be hidden: one of those words, or what stands before a "=" in them. IMAP4rev1
// cannot, since there are clients that know nothing else.
bool is_capability(std::string_view name);

// Extensions that IMAP4rev2 has taken up.  RFC 9051 appendix E
bool is_part_of_rev2(std::string_view capability);

}  // namespace waxwing::imap
