#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waxwing {

// The name as the store keeps it: NFC, INBOX in capitals. Invalid for what is no name: empty
// levels, control characters, bytes that are not UTF-8.
Result<std::string> canonical_name(std::string_view name);

// "a/b/c" -> "a", "a/b"
std::vector<std::string> levels_above(std::string_view name);
bool is_below(std::string_view name, std::string_view ancestor);

// The directory of a mailbox inside Maildir/, as Maildir++ and its readers have it: "Sent/2024" is
// ".Sent.2024", INBOX is "". Levels are in modified UTF-7 (RFC 3501 section 5.1.3) with a "."
// inside a level as "&AC4-". Limit when the file system could not hold the name.
Result<std::string> folder_of(std::string_view name);
// Nothing for a directory that holds no mailbox.
std::optional<std::string> name_of_folder(std::string_view folder);

}  // namespace waxwing
