#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocols/imap/search_key.h"
#include "storage/mailbox.h"

namespace waxwing::imap {

// Names that stay.  RFC 8474

// MAILBOXID: of one mailbox for its life, whatever its name.
std::string mailbox_id(MailboxId id, std::uint32_t uid_validity);
// EMAILID: of all copies of a message.
std::string email_id(std::string_view id_of_store);
// THREADID: the same for a message and all answers to it, however deep: made of the id of the first
// message of the thread, as the header tells it. Empty when it tells none.
std::string thread_id(std::string_view header);
// What such a message has instead: a thread of its own.
std::string thread_id_alone(std::string_view id_of_store);

// Looks up which messages the EMAILID and THREADID keys of a program mean. Limit when there are
// more than any client has use for. May block.
Outcome look_up_ids(SearchKey& program, Mailbox& mailbox);

}  // namespace waxwing::imap
