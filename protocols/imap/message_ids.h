#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocols/mail/lexer.h"

namespace waxwing::imap {

// Reads the Message-IDs in the value of a Message-ID:, References: or In-Reply-To: field, raw or
// unfolded, one by one and without their brackets. What stands between them is passed over.
//   for (MessageIds ids(value); auto id = ids.next();) ...
class MessageIds {
 public:
  explicit MessageIds(std::string_view value) : lexer_(value) {}

  // The next valid one, in the form in which two that mean the same are equal: without quotes.
  // RFC 5256 section 3, REFERENCES
  std::optional<std::string> next();

 private:
  std::string part(std::string_view stops);

  mail::Lexer lexer_;
};

}  // namespace waxwing::imap
