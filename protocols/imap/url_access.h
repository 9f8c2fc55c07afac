#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocols/imap/message_url.h"
#include "protocols/imap/url_auth.h"
#include "protocols/output.h"
#include "storage/account.h"

namespace waxwing::imap {

struct Conversation;

// The account whose user gave the leave that this URL carries, and with whose rights it is read;
// may block. Invalid: it carries no leave for who is signed in here, or not any more; why is not
// told.  RFC 4467 section 6
Result<std::shared_ptr<Account>> authorize(const Conversation& conversation,
                                           const AuthorizedUrl& url, const MessageUrl& message);

// Whether it says that there is nothing to be read, or only that nobody can say so now.
bool is_answer(const Error& error);

// A user as the directory has him; nothing for what is no address.
std::optional<std::string> canonical_user(std::string_view user);

// Of keys of mailboxes, what this session knows.
struct UrlKeyChanges {
  std::uint64_t all = 0;
  std::uint64_t selected = 0;
  // The client has been told all that there is.
  static UrlKeyChanges now(const Conversation& conversation);
};
// Tells that the key of the selected mailbox is another than it was.  RFC 4467, RESETKEY
void tell_url_key(Conversation& conversation, Output& output);

}  // namespace waxwing::imap
