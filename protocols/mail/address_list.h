#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "protocols/mail/message.h"

namespace waxwing::mail {

// Stands where a broken address has no local part or no domain: neither may be empty there, because
// an empty one means a group.  RFC 9051 section 7.5.2
constexpr std::string_view kMissingMailbox = "missing";
constexpr std::string_view kMissingHost = "missing.invalid";

// More addresses than this in one field are not read.
constexpr std::size_t kMaxAddresses = 4096;

// The value of a From, To, Cc ... field, raw or unfolded. Reads obsolete syntax (routes, spaces
// around dots), names in comments and much that is broken; never fails.  RFC 5322
// sections 3.4, 4.4; RFC 7103
std::vector<EnvelopeAddress> parse_address_list(std::string_view value);
// The same, but nothing where anything had to be passed over or guessed: broken text that another
// reader may show as an address. For deciding who the author is.
std::optional<std::vector<EnvelopeAddress>> parse_clean_address_list(std::string_view value);

}  // namespace waxwing::mail
