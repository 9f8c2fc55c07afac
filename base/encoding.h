#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waxwing {

std::string base64(std::string_view bytes);
// Strict: nothing on a foreign character, wrong padding or stray bits.  RFC 4648 section 3.5
std::optional<std::string> from_base64(std::string_view text);

std::string hex(std::string_view bytes);  // lower case
std::optional<std::string> from_hex(std::string_view text);

// %NN for every byte that is not in A-Z a-z 0-9 or one of `plain`; what from_percent undoes.
std::string percent(std::string_view bytes, std::string_view plain = "-._");
std::optional<std::string> from_percent(std::string_view text);

}  // namespace waxwing
