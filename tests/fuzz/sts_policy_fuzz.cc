// A policy and a TXT record of MTA-STS, from anybody: what comes back is within its bounds, and a
// policy fits its own servers.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocols/dns/sts_policy.h"

namespace {

void must(bool so) {
  if (!so) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waxwing::dns;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto id = sts_id({text})) must(!id->empty() && id->size() <= 32);
  const auto policy = parse_sts_policy(text);
  if (!policy) return 0;
  must(policy->max_age.count() >= 0 && policy->max_age.count() <= 31'557'600);
  must(policy->mode == StsPolicy::Mode::None || !policy->mx.empty());
  for (const auto& name : policy->mx) {
    must(!name.empty() && name.size() <= 253);
    must(policy->allows(name.starts_with('*') ? "x" + name.substr(1) : name));
  }
  return 0;
}
