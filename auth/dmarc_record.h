#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waxwing::dmarc {

// What a domain wants done with messages that fail; the later the stricter.
enum class Policy { None, Quarantine, Reject };
std::string_view to_string(Policy policy);  // "none" ...

enum class Alignment { Relaxed, Strict };

// RFC 7489 section 6.3
struct Record {
  Policy policy = Policy::None;            // p=
  Policy subdomain_policy = Policy::None;  // sp=, as p= without it
  Alignment dkim = Alignment::Relaxed;     // adkim=
  Alignment spf = Alignment::Relaxed;      // aspf=
  unsigned percent = 100;                  // pct=: to how many of a hundred the policy applies
  std::vector<std::string> aggregate_to;   // rua=: URIs as written
};

// Does this TXT record say that it is one of DMARC? v=DMARC1 stands first.
bool is_record(std::string_view text);

// A record without a p= that makes sense is refused, unless it asks for reports: it then wants
// nothing else. Other values that make no sense are as if they were not there.  Section 6.6.3
Result<Record> parse_record(std::string_view text);

}  // namespace waxwing::dmarc
