#include "auth/reverse_name.h"

#include <algorithm>

#include "auth/timed_lookup.h"
#include "base/encoding.h"
#include "base/text.h"
#include "protocols/dns/records.h"

namespace waxwing {
namespace {

using dns::Answer;

constexpr std::size_t kMaxNames = 5;

ReverseName ended(AuthResult result, std::string reason, std::string name = {}) {
  return {result, std::move(name), std::move(reason)};
}

}  // namespace

std::string reverse_name(const IpAddress& address) {
  const std::string text = address.is_v4() ? address.to_string() : hex(address.bytes());
  std::string name;
  if (address.is_v4()) {
    for (const auto part : split(text, '.')) name.insert(0, std::string(part) + ".");
    return name + "in-addr.arpa";
  }
  for (const char nibble : text) name.insert(0, {nibble, '.'});
  return name + "ip6.arpa";
}

ReverseName check_reverse_name(dns::Resolver& resolver, const Clock& clock,
                               const IpAddress& address, std::chrono::milliseconds time) {
  TimedLookup lookup(resolver, clock, time);
  const std::string shown = address.to_string();
  const Answer names = lookup.ask(reverse_name(address), dns::Type::Ptr);
  if (names.status == Answer::Status::Failed)
    return ended(AuthResult::TempError, "the DNS does not say now what " + shown + " is called");
  if (names.records.empty()) return ended(AuthResult::PermError, shown + " has no name");
  bool is_unknown = false;
  for (std::size_t i = 0; i < std::min(names.records.size(), kMaxNames); ++i) {
    const auto name = dns::decode_name(names.records[i]);
    if (!name || !is_dns_name(*name)) continue;
    const Answer answer = lookup.ask(*name, address.is_v4() ? dns::Type::A : dns::Type::Aaaa);
    is_unknown = is_unknown || answer.status == Answer::Status::Failed;
    if (std::ranges::find(answer.records, address.bytes()) != answer.records.end())
      return ended(AuthResult::Pass, shown + " is " + *name, *name);
  }
  if (is_unknown)
    return ended(AuthResult::TempError, "the DNS does not confirm the name of " + shown + " now");
  return ended(AuthResult::Fail, "the name of " + shown + " is not confirmed");
}

}  // namespace waxwing
