#pragma once

#include <string_view>

#include "protocols/output.h"
#include "storage/rights.h"

namespace waxwing::imap {

struct Conversation;

// "* MYRIGHTS name lrs".  RFC 4314 section 3.8
void write_my_rights(const Conversation& conversation, std::string_view name, Rights rights,
                     Output& output);

}  // namespace waxwing::imap
