#include "protocols/dns/records.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace waxwing::dns {
namespace {

constexpr std::size_t kMaxName = 255;  // RFC 1035 section 2.3.4
constexpr std::size_t kMaxLabel = 63;

std::uint8_t octet(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t number(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(octet(bytes, at) << 8 | octet(bytes, at + 1));
}

template <std::size_t N>
std::array<std::uint8_t, N> octets(std::string_view bytes) {
  std::array<std::uint8_t, N> all;
  std::copy_n(bytes.begin(), N, all.begin());
  return all;
}

void append_label(std::string& name, std::string_view label) {
  for (const char c : label) {
    if (c > ' ' && c < 127 && c != '.' && c != '\\') {
      name += to_lower(c);
      continue;
    }
    const auto value = static_cast<std::uint8_t>(c);
    name += '\\';
    for (const int unit : {100, 10, 1}) name += static_cast<char>('0' + value / unit % 10);
  }
}

}  // namespace

std::optional<IpAddress> decode_a(std::string_view rdata) {
  if (rdata.size() != 4) return std::nullopt;
  return IpAddress::v4(octets<4>(rdata));
}

std::optional<IpAddress> decode_aaaa(std::string_view rdata) {
  if (rdata.size() != 16) return std::nullopt;
  return IpAddress::v6(octets<16>(rdata));
}

std::optional<std::string> decode_name(std::string_view rdata) {
  if (rdata.size() > kMaxName) return std::nullopt;
  std::string name;
  while (!rdata.empty()) {
    const std::size_t length = octet(rdata, 0);
    rdata.remove_prefix(1);
    if (length == 0) return rdata.empty() ? std::optional(name) : std::nullopt;
    // Longer ones are pointers, which mean nothing outside of their message.
    if (length > kMaxLabel || length > rdata.size()) return std::nullopt;
    if (!name.empty()) name += '.';
    append_label(name, rdata.substr(0, length));
    rdata.remove_prefix(length);
  }
  return std::nullopt;
}

std::optional<Mx> decode_mx(std::string_view rdata) {
  if (rdata.size() < 2) return std::nullopt;
  auto host = decode_name(rdata.substr(2));
  if (!host) return std::nullopt;
  return Mx{number(rdata, 0), *std::move(host)};
}

std::optional<Srv> decode_srv(std::string_view rdata) {
  if (rdata.size() < 6) return std::nullopt;
  auto host = decode_name(rdata.substr(6));
  if (!host) return std::nullopt;
  return Srv{number(rdata, 0), number(rdata, 2), number(rdata, 4), *std::move(host)};
}

std::optional<std::string> decode_txt(std::string_view rdata) {
  if (rdata.empty()) return std::nullopt;
  std::string text;
  while (!rdata.empty()) {
    const std::size_t length = octet(rdata, 0);
    rdata.remove_prefix(1);
    if (length > rdata.size()) return std::nullopt;
    text += rdata.substr(0, length);
    rdata.remove_prefix(length);
  }
  return text;
}

std::optional<Tlsa> decode_tlsa(std::string_view rdata) {
  if (rdata.size() < 4) return std::nullopt;
  return Tlsa{octet(rdata, 0), octet(rdata, 1), octet(rdata, 2), std::string(rdata.substr(3))};
}

}  // namespace waxwing::dns
