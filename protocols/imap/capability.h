#pragma once

#include <string>

namespace waxwing::imap {

struct Conversation;

// What this client may use now, without the word CAPABILITY: before and after sign-in, and with or
// without TLS, these are other words.  RFC 9051 section 6.1.1
std::string capabilities(const Conversation& conversation);

}  // namespace waxwing::imap
