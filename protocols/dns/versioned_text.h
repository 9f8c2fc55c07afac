#pragma once

#include <optional>
#include <string_view>

namespace waxwing::dns {

// What stands behind `version` and the semicolon that ends it, in the text of a record that many
// kinds share a name with; white space may stand between. Nothing: it is another record's business.
// RFC 8461 section 3.1, RFC 8460 section 3.
std::optional<std::string_view> behind_version(std::string_view record, std::string_view version);

}  // namespace waxwing::dns
