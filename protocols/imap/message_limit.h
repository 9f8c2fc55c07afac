#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "protocols/imap/reply.h"
#include "protocols/output.h"
#include "storage/view.h"

namespace waxwing::imap {

struct Conversation;

// How many messages one command may work on, where the operator has set that. Nothing: any number,
// as it is for whom the capability is hidden.  RFC 9738

// FETCH, STORE, SEARCH, MOVE and UID EXPUNGE: the newest so many are worked on.
std::optional<std::size_t> message_limit(const Conversation& conversation);
// COPY and APPEND, which are done as a whole or not at all: more is refused.
std::optional<std::size_t> save_limit(const Conversation& conversation);

// " MESSAGELIMIT=1000 SAVELIMIT=5000", those that are set.
std::string limit_capabilities(const Conversation& conversation);

// Leaves the last of these indexes, which ascend. Returns the response code that says up to where
// the command came, "MESSAGELIMIT 1000 23221"; empty when none was too many.
std::string cut_to_limit(const Conversation& conversation, const View& view,
                         std::vector<std::size_t>& indexes);
// Puts that code into the reply, or before it where the reply has one of its own.
Reply with_limit(const Conversation& conversation, const std::string& code, Reply reply,
                 Output& output);
Reply too_many_to_save(std::size_t limit);

}  // namespace waxwing::imap
