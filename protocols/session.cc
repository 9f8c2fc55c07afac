#include "protocols/session.h"

namespace waxwing {

const char* to_string(Service service) {
  switch (service) {
    case Service::Smtp: return "smtp";
    case Service::Submission: return "submission";
    case Service::Pop3: return "pop3";
    case Service::Imap: return "imap";
  }
  return "unknown";
}

}  // namespace waxwing
