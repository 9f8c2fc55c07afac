#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace waxwing::dns {

// What is in RDATA as Answer::records has it: one record, as on the wire, names not compressed. The
// bytes are a stranger's: nothing comes back when they are not exactly one record of that type.
//
// Names come back in lower case, without the last dot (the root is ""), in printable ASCII: other
// octets, and dots within a label, are written as \DDD.  RFC 1035 section 5.1, RFC 4343 section 2.1

std::optional<IpAddress> decode_a(std::string_view rdata);     // RFC 1035 section 3.4.1
std::optional<IpAddress> decode_aaaa(std::string_view rdata);  // RFC 3596 section 2.2

// CNAME and PTR.  RFC 1035 sections 3.3.1 and 3.3.12
std::optional<std::string> decode_name(std::string_view rdata);

struct Mx {
  std::uint16_t preference = 0;  // the lowest first
  std::string host;              // "": there is no mail here, RFC 7505
  bool operator==(const Mx&) const = default;
};
std::optional<Mx> decode_mx(std::string_view rdata);  // RFC 1035 section 3.3.9

// The strings of one record, joined without anything between them, as SPF and DKIM read them. Any
// octets may be in it.  RFC 1035 section 3.3.14, RFC 7208 section 3.3
std::optional<std::string> decode_txt(std::string_view rdata);

struct Srv {
  std::uint16_t priority = 0;  // the lowest first
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string host;  // "": the service is not offered
  bool operator==(const Srv&) const = default;
};
std::optional<Srv> decode_srv(std::string_view rdata);  // RFC 2782

// Which certificates a TLS server has. The numbers are as on the wire, known or not.  RFC 6698
// section 2.1
struct Tlsa {
  std::uint8_t usage = 0;     // 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE
  std::uint8_t selector = 0;  // 0 the certificate, 1 its public key
  std::uint8_t matching = 0;  // 0 all of it, 1 SHA-256, 2 SHA-512
  std::string data;           // raw octets, at least one
  bool operator==(const Tlsa&) const = default;
};
std::optional<Tlsa> decode_tlsa(std::string_view rdata);

}  // namespace waxwing::dns
