#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/left_out.h"
#include "daemon/source_files.h"

namespace waxwing {

// Mail of another program, as `mailbox import` reads it. Nothing is changed there. Held by one
// thread at a time; blocks.

// A message in a file, or in a piece of one.
struct FoundMessage {
  std::string file;  // of the source's files
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool is_mbox = false;                   // lines that begin with ">From " have one ">" too many
  std::vector<std::string> flags;         // "\Seen", "$Forwarded"
  std::int64_t date = 0;                  // Unix seconds: INTERNALDATE
  std::optional<std::uint32_t> uid = {};  // to be kept
  std::string uidl = {};                  // of POP3, to be kept; empty: none
};
struct FoundMailbox {
  std::string name;    // UTF-8, "/" between levels
  std::string folder;  // of the source's files; empty: the source itself
  std::optional<std::uint32_t> uid_validity = {};
  std::vector<FoundMessage> messages = {};  // ascending by UID; those without one come last
};
struct FoundMail {
  SourceFiles files;
  std::vector<FoundMailbox> mailboxes = {};
  // Where the source knows them.
  std::optional<std::vector<std::string>> subscriptions = {};
  LeftOut left_out = {};
};

// A Maildir or Maildir++: PATH/cur, PATH/new, PATH/.Folder/cur ...
Result<FoundMail> find_in_maildir(const std::string& path);
// The same as Dovecot keeps it: with UIDs, UIDVALIDITY, keywords, subscriptions and UIDLs.
Result<FoundMail> find_in_dovecot(const std::string& path);
// A file of messages behind "From " lines, for the mailbox `name`; or a folder of such files, each
// a mailbox of its own name (mbox_name.h).
Result<FoundMail> find_in_mbox(const std::string& path, const std::string& name);

// Its text, unpacked, with CRLF line ends. The error is a reason to leave it out.
Result<std::string> read_message(const SourceFiles& files, const FoundMessage& message);

}  // namespace waxwing
