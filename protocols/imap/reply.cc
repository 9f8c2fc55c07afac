#include "protocols/imap/reply.h"

namespace waxwing::imap {

std::string Reply::to_string() const {
  std::string line = kind == Kind::Ok ? "OK " : kind == Kind::No ? "NO " : "BAD ";
  if (!code.empty()) line.append("[").append(code).append("] ");
  return line + text;
}

Reply to_reply(const Error& error) {
  switch (error.code) {
    case Error::Code::NotFound: return Reply::no("There is no such mailbox", "NONEXISTENT");
    case Error::Code::AlreadyExists: return Reply::no("The name is taken", "ALREADYEXISTS");
    case Error::Code::Invalid: return Reply::no("That cannot be done", "CANNOT");
    case Error::Code::TooLarge: return Reply::no("The message is too large", "TOOBIG");
    case Error::Code::Limit: return Reply::no("That is more than the server allows", "LIMIT");
    case Error::Code::OverQuota: return Reply::no("The account is full", "OVERQUOTA");
    case Error::Code::NoSpace: return Reply::no("The server has no space left", "OVERQUOTA");
    case Error::Code::ReadOnly: return Reply::no("It can only be read at the moment", "READ-ONLY");
    case Error::Code::Denied: return Reply::no("That is not allowed", "NOPERM");
    case Error::Code::Temporary: return Reply::no("Not now, try again later", "UNAVAILABLE");
    case Error::Code::Corrupt: return Reply::no("The stored data is damaged", "CORRUPTION");
    case Error::Code::Cancelled: return Reply::no("Cancelled", "UNAVAILABLE");
  }
  return Reply::no("Internal error", "SERVERBUG");
}

}  // namespace waxwing::imap
