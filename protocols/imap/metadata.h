#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "protocols/output.h"
#include "storage/account.h"

namespace waxwing::imap {

struct Conversation;

// Annotations of mailboxes and of the server, whose mailbox name is empty.  RFC 5464

// What a client is told of one entry; without a value it is not there.
using Annotation = std::pair<std::string, std::optional<std::string>>;

// All that is asked for at once is in memory until the client has it.
constexpr std::size_t kMaxAnnotations = 1024 * 1024;

// All entries of a mailbox that have a value, with those that follow from something else.
Result<Annotations> all_annotations(Conversation& conversation, const MailboxInfo& mailbox);
// "* METADATA INBOX (/private/comment "mine" /shared/comment NIL)"; nothing where there is none.
void write_metadata(const Conversation& conversation, std::string_view mailbox,
                    const std::vector<Annotation>& annotations, Output& output);
// "* METADATA INBOX /private/comment": what others have changed since the client was last told;
// after NOTIFY only what that asks for, and then it may block. What fails is told with the next
// change.
Outcome tell_annotated(Conversation& conversation, Output& output);

}  // namespace waxwing::imap
