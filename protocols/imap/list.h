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

}  // namespace waxwing::imap
