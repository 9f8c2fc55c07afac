#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waxwing {

// What came of one message, as the domain of its author is told; equal ones are counted.  RFC 7489
// appendix C, RowType and what belongs to it
struct DmarcResult {
  std::string record;                           // of DMARC, as it was published
  std::string source;                           // the client's address
  std::string disposition, dkim, spf;           // "none", "pass" ...
  std::string override_type, override_comment;  // why it is not what the policy asks for
  std::string header_from, envelope_from;       // domains
  struct Signature {
    std::string domain, selector, result;
  };
  std::vector<Signature> signatures;
  std::string spf_domain, spf_scope, spf_result;  // "mfrom" or "helo"

  // As text, and from text that this wrote; nothing for other text.
  std::string print() const;
  static std::optional<DmarcResult> parse(std::string_view text);
};

// What one domain is told of one day.  RFC 7489 section 7.2. Pure.
struct DmarcReport {
  std::string domain;               // whose policy it is
  std::string organization, host;   // who reports
  std::string contact;              // an address
  std::string id;                   // unique; letters and digits
  std::int64_t begin = 0, end = 0;  // Unix seconds, both within
  struct Row {
    DmarcResult result;
    std::uint64_t count = 0;
  };
  std::vector<Row> rows;

  // Appendix C
  std::string xml() const;
  // "receiver.example!domain.example!1470013207!1470186007!id.xml.gz".  Section 7.2.1.1
  std::string file_name() const;
  // With its headers.
  std::string mail(const std::string& to, std::string_view packed, std::int64_t now) const;
};

// Where a record wants reports by mail, and how many bytes at most; 0: not said. Nothing for URIs
// of other kinds.  RFC 7489 section 6.3, rua=
struct DmarcReportTarget {
  std::string mail;
  std::uint64_t most = 0;
};
std::optional<DmarcReportTarget> report_target(std::string_view uri);

}  // namespace waxwing
