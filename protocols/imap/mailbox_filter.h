#pragma once

#include <string_view>

#include "protocols/imap/command.h"
#include "storage/account.h"

namespace waxwing::imap {

struct Conversation;

// The mailbox is one of those that the filter names, whatever may be done with it. Not for the
// selected mailbox, which is what the session says. Names in the filter are those of the store.
bool is_matched(const MailboxFilter& filter, const MailboxInfo& mailbox);

// The name is `top`, or that of a mailbox below it.
bool is_in(std::string_view name, std::string_view top);

// The names in the filter, as the client wrote them, become those of the store. One that no mailbox
// can have is left out: it is as one that is not there.
void decode_names(const Conversation& conversation, MailboxFilter& filter);

}  // namespace waxwing::imap
