#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "protocols/dns/resolver.h"

namespace waxwing {

// Asks the DNS one question after the other and blocks for the answers, but all together no longer
// than `time`: what is asked or still open then has Failed. Held by one thread at a time.
class TimedLookup {
 public:
  TimedLookup(dns::Resolver& resolver, const Clock& clock, std::chrono::milliseconds time)
      : resolver_(resolver), clock_(clock), end_(clock.steady() + time) {}

  dns::Answer ask(const std::string& name, dns::Type type);
  const Clock& clock() const { return clock_; }

 private:
  dns::Resolver& resolver_;
  const Clock& clock_;
  Steady end_;
};

// The texts of a TXT answer; records that are none are left out.
std::vector<std::string> texts_of(const dns::Answer& answer);

// May `name` be asked for? Labels of 1 to 63 octets, 253 in all, visible ASCII without the
// backslash that would make an escape of what follows; one dot may end it.
bool is_dns_name(std::string_view name);

// Is `name` the same as `domain`, or below it? Ignores case and a last dot.
bool is_within(std::string_view name, std::string_view domain);

}  // namespace waxwing
