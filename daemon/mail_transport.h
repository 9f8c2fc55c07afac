#pragma once

#include <cstdint>
#include <string>

#include "daemon/commands.h"

namespace waxwing {

// `mailbox import` and `mailbox export`, the side of the command line: it reads and writes the
// files as the user who typed the command, and shows how far it is where a person looks on.

constexpr std::uint64_t kBatchBytes = 4 << 20;  // of messages that go over at once

struct ImportOrder {
  std::string config;
  std::string address;
  std::string from;  // "maildir", "mbox", "dovecot"
  std::string path;
  std::string mailbox = "INBOX";  // for a single mbox
};
// May be repeated after an interruption, or for what has come there since: messages that are in
// their mailbox already are not put in again.
Answer import_mail(const ImportOrder& order);

struct ExportOrder {
  std::string config;
  std::string address;
  std::string to;    // "maildir", "mbox"
  std::string path;  // a folder that is not there yet, or empty
};
Answer export_mail(const ExportOrder& order);

}  // namespace waxwing
