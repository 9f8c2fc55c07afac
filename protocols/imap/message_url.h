#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocols/imap/section.h"
#include "storage/types.h"

namespace waxwing::imap {

// A message of this account, or a part of one, as a relative IMAP URL names it:
//   /INBOX;UIDVALIDITY=1/;UID=20/;SECTION=1.2/;PARTIAL=0.1024
// RFC 5092, RFC 4469 section 3
struct MessageUrl {
  std::string mailbox;  // as decode_name() takes it, in UTF-8
  std::optional<std::uint32_t> uid_validity;
  Uid uid = 0;
  Section section;
  std::optional<Partial> partial;
  bool operator==(const MessageUrl&) const = default;
};

// Nothing for what is no such URL, absolute ones included: they name other servers, or other users.
// `selected`: the name that a URL without one is relative to; empty when there is none.
std::optional<MessageUrl> parse_message_url(std::string_view url, std::string_view selected);

}  // namespace waxwing::imap
