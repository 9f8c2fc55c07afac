#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing::dns {

// Where a domain wants to be told how TLS went with its servers.
struct TlsReportTarget {
  std::string mail;  // an address; empty: by HTTPS
  std::string host;  // in lower case
  std::uint16_t port = 443;
  std::string path;  // with its query
};

// One URI of `rua`: mailto: (whatever follows the address is dropped) or https:, without a user.
// Nothing for all others.  RFC 8460 section 3
std::optional<TlsReportTarget> tls_report_target(std::string_view uri);

// The targets in all TXT records at _smtp._tls.DOMAIN, as decode_txt() has them, at most five.
// Empty when they are not exactly one record of that kind, well-formed.  RFC 8460 section 3
std::vector<TlsReportTarget> tls_report_targets(const std::vector<std::string>& records);

}  // namespace waxwing::dns
