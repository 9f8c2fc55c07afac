#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/command.h"
#include "protocols/output.h"
#include "storage/account.h"

namespace waxwing::imap {

struct Conversation;

// "\Sent" in any case.  RFC 6154 section 2, RFC 8457
std::optional<SpecialUse> to_special_use(std::string_view attribute);
// "\Sent"; empty for None.
std::string_view to_attribute(SpecialUse use);

// "* STATUS name (MESSAGES 3 ...)"
void write_status(const Conversation& conversation, std::string_view name,
                  const MailboxStatus& status, const std::vector<StatusItem>& items,
                  Output& output);

// Whether a client of IMAP4rev2, which is to be told so, has written the name of a mailbox
// otherwise than we do: "inbox", or not in NFC.  RFC 9051 section 5.1
bool is_written_otherwise(const Conversation& conversation, std::string_view name,
                          std::string_view supplied);
// "* LIST (\HasNoChildren) "/" INBOX ("OLDNAME" ("inbox"))"; without an old name when there is
// none, and with one attribute more where there is one. RFC 9051 sections 6.3.2 and 6.3.9.7
void write_mailbox(const Conversation& conversation, const MailboxInfo& mailbox,
                   std::optional<std::string_view> old_name, Output& output,
                   std::string_view attribute = {});
// What is told of a name that has no mailbox.
MailboxInfo absent_mailbox(std::string name);
// As write_mailbox() for a name, which need not be there.
void write_name(const Conversation& conversation, std::string_view name,
                std::optional<std::string_view> old_name, Output& output);

}  // namespace waxwing::imap
