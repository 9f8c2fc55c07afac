#include "daemon/tls_session_of.h"

#include "base/text.h"

namespace waxwing {

std::optional<TlsSession> tls_session_of(const OutboundHost& server,
                                         const OutboundConnection& connection,
                                         std::optional<TlsFault> fault, const std::string& reason) {
  const auto& target = connection.target();
  // In clear by our own decision: its TLS has been tried before, and that was told.
  if (!server.policy || target.tls.level == TlsDemand::Level::None) return std::nullopt;
  const bool has_tls = !connection.client().tls().version.empty();
  TlsSession session{
      server.policy,         "", server.name, target.address.to_string(), connection.our_address(),
      printable(reason, 200)};
  if (fault) {
    session.result = to_string(*fault);
  } else if (!has_tls) {
    session.result = to_string(TlsFault::NotOffered);
  } else if (server.is_outside) {
    session.result = "validation-failure";
  }
  return session;
}

}  // namespace waxwing
