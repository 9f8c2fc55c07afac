#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing {

// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address is the IPv4 address.
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> bytes);
  static IpAddress v6(std::array<std::uint8_t, 16> bytes);

  bool is_v4() const { return v4_; }
  bool is_loopback() const;
  // RFC 1918, 4193, 3927, 4291 link-local: says nothing to the world.
  bool is_private() const;
  // Four or sixteen bytes, in network order.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), v4_ ? std::size_t{4} : std::size_t{16}};
  }
  // "192.0.2.1", "2001:db8::1"
  std::string to_string() const;
  // As SMTP writes it: "[192.0.2.1]", "[IPv6:2001:db8::1]".  RFC 5321 section 4.1.3
  std::string to_literal() const;
  // Who limits count as one client: the address, or the /64 of an IPv6 address.
  std::string client_key() const;

  bool operator==(const IpAddress&) const = default;

 private:
  bool v4_ = true;
  std::array<std::uint8_t, 16> bytes_{};
};

// "192.0.2.0/24", "2001:db8::/32"; an address alone is a network of one.
class IpNetwork {
 public:
  // Nothing where it is none, or has bits behind its length: then something else was meant.
  static std::optional<IpNetwork> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string to_string() const;

  bool operator==(const IpNetwork&) const = default;

 private:
  IpAddress address_;
  unsigned length_ = 32;  // bits that count
};

// Is it in one of them?
bool contains(const std::vector<IpNetwork>& networks, const IpAddress& address);

}  // namespace waxwing
