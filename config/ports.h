#pragma once

#include <cstdint>
#include <string>

#include "config/settings.h"

namespace waxwing {

const char* to_string(Settings::Listener::Service service);

// What a port is commonly used for where that is not `service`: "ssh", "pop3"; empty when the port
// is free for it. Ports of the matrix belong to the services listed there; 26, 2025 and 2525, which
// no mail standard names, are open to both kinds of SMTP.
std::string foreign_use(std::uint16_t port, Settings::Listener::Service service);

}  // namespace waxwing
