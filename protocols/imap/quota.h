#pragma once

#include <cstdint>

namespace waxwing::imap {

// STORAGE counts in units of 1024 octets; what is begun counts whole.  RFC 9208 section 5.1
constexpr std::uint64_t in_quota_units(std::uint64_t octets) {
  return octets / 1024 + (octets % 1024 != 0 ? 1 : 0);
}

}  // namespace waxwing::imap
