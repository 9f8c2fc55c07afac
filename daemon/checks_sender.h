#pragma once

#include <string>

#include "daemon/commands.h"

namespace waxwing {

// The commands `check spf`, `check dkim` and `check dmarc`: what the server makes of who sent
// something. They need no running server, nothing of data_dir, and ask whom the configuration's
// `dns` names. The exit status is 0 whatever the result is, but 1 when the DNS keeps it back.

// As a server would see the client that sent it.
struct SenderCheck {
  std::string config;
  std::string file;  // the message; "-": standard input
  std::string ip;
  std::string helo;
  std::string from;  // reverse path, without angle brackets; may be empty
};

Answer check_spf(const SenderCheck& check);
Answer check_dkim(const SenderCheck& check);
Answer check_dmarc(const SenderCheck& check);

}  // namespace waxwing
