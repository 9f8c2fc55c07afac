#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace waxwing {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton would stop there
  const std::string copy(text);
  std::array<std::uint8_t, 4> four;
  if (inet_pton(AF_INET, copy.c_str(), four.data()) == 1) return v4(four);
  std::array<std::uint8_t, 16> sixteen;
  if (inet_pton(AF_INET6, copy.c_str(), sixteen.data()) == 1) return v6(sixteen);
  return std::nullopt;
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) {
  IpAddress address;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> bytes) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin()))
    return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  IpAddress address;
  address.v4_ = false;
  address.bytes_ = bytes;
  return address;
}

bool IpAddress::is_loopback() const {
  if (v4_) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto byte) { return byte == 0; }) &&
         bytes_[15] == 1;
}

bool IpAddress::is_private() const {
  if (is_loopback()) return true;
  if (v4_) {
    return bytes_[0] == 10 || (bytes_[0] == 172 && (bytes_[1] & 0xF0) == 16) ||
           (bytes_[0] == 192 && bytes_[1] == 168) || (bytes_[0] == 169 && bytes_[1] == 254) ||
           (bytes_[0] == 100 && (bytes_[1] & 0xC0) == 64);
  }
  return (bytes_[0] & 0xFE) == 0xFC || (bytes_[0] == 0xFE && (bytes_[1] & 0xC0) == 0x80);
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

std::string IpAddress::to_literal() const {
  return (v4_ ? "[" : "[IPv6:") + to_string() + "]";
}

std::string IpAddress::client_key() const {
  if (v4_) return to_string();
  IpAddress prefix = *this;
  std::fill(prefix.bytes_.begin() + 8, prefix.bytes_.end(), 0);
  return prefix.to_string() + "/64";
}

namespace {

unsigned bit(std::string_view bytes, unsigned number) {
  return (static_cast<unsigned char>(bytes[number / 8]) >> (7 - number % 8)) & 1;
}

}  // namespace

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto bits = static_cast<unsigned>(address->bytes().size() * 8);
  IpNetwork network;
  network.address_ = *address;
  network.length_ = bits;
  if (slash == std::string_view::npos) return network;
  const auto length = parse_number(text.substr(slash + 1), bits);
  if (!length) return std::nullopt;
  network.length_ = static_cast<unsigned>(*length);
  for (unsigned each = network.length_; each < bits; ++each)
    if (bit(address->bytes(), each) != 0) return std::nullopt;
  return network;
}

bool IpNetwork::contains(const IpAddress& address) const {
  if (address.is_v4() != address_.is_v4()) return false;
  for (unsigned each = 0; each < length_; ++each)
    if (bit(address.bytes(), each) != bit(address_.bytes(), each)) return false;
  return true;
}

std::string IpNetwork::to_string() const {
  return address_.to_string() + "/" + std::to_string(length_);
}

bool contains(const std::vector<IpNetwork>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const IpNetwork& each) { return each.contains(address); });
}

}  // namespace waxwing
