#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing {

// Where the mbox of a mailbox lies in the folder of an export: "Work/2024" is {"Work",
// "2024.mbox"}, for a mailbox may have messages and others below it. No two mailboxes share a file,
// no mailbox's folder is another's file, and no name is hidden, leads out of the folder or is
// longer than a file system takes: what a name may not have is "%2E" as in a URL, and a level that
// is too long goes on in a folder whose name ends in a single "%".
std::vector<std::string> mbox_path_of(std::string_view mailbox);

// The name that mbox_path_of() was given; of other paths what comes closest, ".mbox" left out.
// Nothing when no mailbox can have that name.
std::optional<std::string> mailbox_of_mbox_path(const std::vector<std::string>& path);

}  // namespace waxwing
