#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/tls_sessions.h"

namespace waxwing {

// How TLS went with the servers of one domain on one day, for that domain.  RFC 8460. Pure.
struct TlsReport {
  std::string domain;
  std::string organization;         // our hostname, also as the submitter
  std::string contact;              // an address
  std::string id;                   // unique; letters, digits and hyphens
  std::int64_t begin = 0, end = 0;  // Unix seconds, both within
  std::vector<TlsSessions::Count> sessions;

  // Section 4.4
  std::string json() const;
  // "mx.example.org!example.net!1470013207!1470186007.json.gz".  Section 5.1
  std::string file_name() const;
  // With its headers. It says "TLS-Required: No": a report about broken TLS must arrive, and its
  // own session is not counted.  Sections 3, 5.3 and RFC 8689 section 3
  std::string mail(const std::string& to, std::string_view packed, std::int64_t now) const;
};

// Section 5.2
std::string gzip(std::string_view text);
// Of 76 characters, as base64 stands in a mail.
std::string in_lines(const std::string& text);

}  // namespace waxwing
