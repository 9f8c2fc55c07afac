#pragma once

#include <optional>
#include <string_view>

namespace waxwing::imap {

// The German of an English text that is said to people; nothing where there is none. Any thread.
std::optional<std::string_view> in_german(std::string_view text);

}  // namespace waxwing::imap
