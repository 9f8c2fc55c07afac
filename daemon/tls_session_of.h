#pragma once

#include <optional>
#include <string>

#include "daemon/outbound_connection.h"
#include "daemon/outbound_hosts.h"
#include "storage/tls_sessions.h"

namespace waxwing {

// What the domain's report says of a connection to one of its servers, whose TLS is up, or had the
// fault; nothing, where it is not told.  RFC 8460 section 4.3
std::optional<TlsSession> tls_session_of(const OutboundHost& server,
                                         const OutboundConnection& connection,
                                         std::optional<TlsFault> fault, const std::string& reason);

}  // namespace waxwing
