#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waxwing {

// Canonical forms, or Invalid with a sentence that holds what was given.
Result<std::string> canonical_address(std::string_view address);
Result<std::string> canonical_domain_name(std::string_view domain);
// Of an alias: an address, or "@domain".
Result<std::string> canonical_alias(std::string_view address);
// The URL of an IMAP server and who signs in there: "imap://alice@mail.example.net:143/",
// "imap://;AUTH=*@mail.example.net/". Without that a client would sign in as anonymous.
// RFC 5092 section 3
Result<std::string> canonical_referral(std::string_view url);
// What stands behind the last "@" of a canonical address.
std::string domain_of(std::string_view canonical);

}  // namespace waxwing
