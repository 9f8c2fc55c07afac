#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "daemon/domain_records.h"
#include "protocols/dns/resolver.h"

namespace waxwing {

// What is wrong with the records that a domain publishes.
struct Difference {
  std::string name;  // as ZoneRecord has them
  std::string type;
  std::string sentence;     // for people
  bool is_unknown = false;  // the DNS does not answer now
};

// Compares what the DNS says with the records that are wanted. What an operator may have chosen
// otherwise is none: a stricter DMARC policy, another MX beside this one, an SPF record that passes
// the host all the same. Blocks on the DNS.
std::vector<Difference> differences(dns::Resolver& resolver, const Clock& clock,
                                    const std::vector<ZoneRecord>& wanted);

}  // namespace waxwing
