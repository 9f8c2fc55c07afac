#include "protocols/session.h"

namespace waxwing {

const char* to_string(Service service) {
  switch (service) {
    case Service::Smtp: return "smtp";
    case Service::Submission: return "submission";
    case Service::Lmtp: return "lmtp";
    case Service::Pop3: return "pop3";
    case Service::Imap: return "imap";
  }
  return "unknown";
}

std::string Peer::shown_address() const {
  return user_id ? "unix:" + std::to_string(*user_id) : address.to_string();
}

}  // namespace waxwing
