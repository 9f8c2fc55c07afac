#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waxwing {

inline constexpr std::size_t kMaxMailboxName = 1000;  // octets

// The name as the store keeps it: NFC, INBOX in capitals. Invalid for what is no name: empty
// levels, control characters, bytes that are not UTF-8. Limit for more octets than `most`.
Result<std::string> canonical_name(std::string_view name, std::size_t most = kMaxMailboxName);

// What comes before the names of other users' mailboxes ("Users/bob@example.test/INBOX") and of
// those of the domain ("Shared/Plans").  RFC 2342
inline constexpr std::string_view kUsersPrefix = "Users/";
inline constexpr std::string_view kSharedPrefix = "Shared/";
// How much of the name that is: its owner needs room for the rest alone. 0 for an own mailbox.
std::size_t length_of_prefix(std::string_view name);

// "a/b/c" -> "a", "a/b"
std::vector<std::string> levels_above(std::string_view name);
// Visits "a/b", then "a", for "a/b/c", until `visit` returns false.
template <typename Visit>
void climb(std::string_view name, Visit visit) {
  for (auto slash = name.rfind('/'); slash != name.npos; slash = name.rfind('/')) {
    name = name.substr(0, slash);
    if (!visit(name)) return;
  }
}
bool is_below(std::string_view name, std::string_view ancestor);

// The directory of a mailbox inside Maildir/, as Maildir++ and its readers have it: "Sent/2024" is
// ".Sent.2024", INBOX is "". Levels are in modified UTF-7 (RFC 3501 section 5.1.3) with a "."
// inside a level as "&AC4-". What the file system could not hold is abbreviated. Limit for what
// canonical_name() finds too long.
Result<std::string> folder_of(std::string_view name);
// Nothing for a directory that holds no mailbox, and for an abbreviation.
std::optional<std::string> name_of_folder(std::string_view folder);

// ".&~" and a digest of the name, which no name in modified UTF-7 looks like. The name itself is
// all the text in the file kFolderMark of that directory.
bool is_abbreviated(std::string_view folder);
// Nothing when this is not the text of the mark in `folder`.
std::optional<std::string> name_of_mark(std::string_view folder, std::string_view text);
// Tells other programs that a directory is a folder of a Maildir++ and no account.
inline constexpr const char* kFolderMark = "maildirfolder";

}  // namespace waxwing
