#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "protocols/dns/mail_exchange.h"

namespace waxwing::dns {

// A host whose TLSA records are wanted.
struct TlsaTarget {
  std::string name;
  std::string canonical_name;  // behind its CNAMEs
  bool is_secure = false;      // its addresses are
};

struct HostTlsa {
  Dane dane = Dane::None;
  std::vector<Tlsa> records;  // the usable ones
  std::string base;           // empty when nothing was found
  std::string trouble;        // when it Failed
};

// TLSA records of mail hosts, in the order of the targets: RFC 7672 sections 2.2.2 and 2.2.3.
// Private to mail_exchange.cc, which has asked for the addresses before, as that section wants.
void find_tlsa(Resolver& resolver, std::vector<TlsaTarget> targets, std::uint16_t port,
               std::function<void(std::vector<HostTlsa>)> found);

}  // namespace waxwing::dns
