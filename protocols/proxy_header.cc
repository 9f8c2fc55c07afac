#include "protocols/proxy_header.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

// "The PROXY protocol, Versions 1 & 2",
// https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt; sections are those of that text.

namespace waxwing {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view kWord = "PROXY ";
constexpr std::size_t kFixed = 16;  // of version 2: signature, version and command, family, length
constexpr std::uint8_t kChecksum = 0x03;  // PP2_TYPE_CRC32C

unsigned octet(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint16_t number16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(octet(bytes, at) << 8 | octet(bytes, at + 1));
}

std::uint32_t number32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number16(bytes, at)) << 16 | number16(bytes, at + 2);
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> octets(std::string_view bytes, std::size_t at) {
  std::array<std::uint8_t, kSize> result;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), kSize, result.begin());
  return result;
}

// CRC32c, RFC 9260 appendix A: reflected, polynomial 0x1EDC6F41. A header is short, and few have
// one: no table.
std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    crc ^= octet(bytes, i);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
  }
  return ~crc;
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto [end, ignored] = std::mismatch(
      a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
  return static_cast<std::size_t>(end - a.begin());
}

// "heading zeroes are not permitted": section 2.1
std::optional<std::uint16_t> line_port(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  const auto port = parse_number(text, 65535);
  return port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
}

std::optional<IpAddress> line_address(std::string_view text, bool is_v4) {
  if ((text.find(':') == std::string_view::npos) != is_v4) return std::nullopt;
  return IpAddress::parse(text);
}

}  // namespace

void ProxyHeader::broken(const char* fault) {
  state_ = State::Broken;
  fault_ = fault;
  named_.reset();
}

std::size_t ProxyHeader::take(std::string_view bytes) {
  std::size_t taken = 0;
  while (state_ == State::Partial && taken < bytes.size()) {
    const auto rest = bytes.substr(taken);
    const char first = text_.empty() ? rest.front() : text_.front();
    std::size_t more = 0;
    if (first == kSignature.front()) {
      more = take_binary(rest);
    } else if (first == kWord.front()) {
      more = take_line(rest);
    } else {
      broken("it does not begin with a PROXY header");
    }
    taken += more;
  }
  return taken;
}

// Section 2.2: signature, two octets, the length of the rest, the rest.
std::size_t ProxyHeader::take_binary(std::string_view bytes) {
  const std::size_t have = text_.size();
  const std::size_t end = have < kFixed ? kFixed : kFixed + number16(text_, 14);
  const auto piece = bytes.substr(0, end - have);
  if (have < kSignature.size()) {
    const auto wanted = kSignature.substr(have);
    if (common_prefix(piece, wanted) < std::min(piece.size(), wanted.size())) {
      broken("it does not begin with a PROXY header");
      return 0;
    }
  }
  text_ += piece;
  if (text_.size() == kFixed && kFixed + number16(text_, 14) > kMaxBinary) {
    broken("its PROXY header is longer than any");
  } else if (text_.size() >= kFixed && text_.size() == kFixed + number16(text_, 14)) {
    read_binary();
  }
  return piece.size();
}

void ProxyHeader::read_binary() {
  const unsigned version = octet(text_, 12) >> 4, command = octet(text_, 12) & 15;
  if (version != 2) return broken("its PROXY header has a version that is not known");
  if (command > 1) return broken("its PROXY header has a command that is not known");
  // LOCAL: "the receiver must ... discard the protocol block including the family".
  const bool is_local = command == 0;
  if (!is_local && !read_addresses(std::string_view(text_).substr(kFixed))) return;
  state_ = State::Whole;
}

bool ProxyHeader::read_addresses(std::string_view block) {
  std::size_t size = 0;
  switch (octet(text_, 13)) {
    case 0x00: return true;  // UNSPEC: "the receiver should ignore address information"
    case 0x11: size = 12; break;
    case 0x21: size = 36; break;
    case 0x31: size = 216; break;
    default: broken("its PROXY header is for a transport other than TCP"); return false;
  }
  if (block.size() < size) {
    broken("its PROXY header is shorter than its addresses");
    return false;
  }
  if (size == 12) {
    named_ = Named{IpAddress::v4(octets<4>(block, 0)), IpAddress::v4(octets<4>(block, 4)),
                   number16(block, 8), number16(block, 10)};
  } else if (size == 36) {
    named_ = Named{IpAddress::v6(octets<16>(block, 0)), IpAddress::v6(octets<16>(block, 16)),
                   number16(block, 32), number16(block, 34)};
  }
  return read_extras(kFixed + size);
}

// Section 2.2.4: type, length, value. All but the checksum are passed over.
bool ProxyHeader::read_extras(std::size_t begin) {
  for (std::size_t at = begin; at < text_.size();) {
    const std::size_t left = text_.size() - at;
    const std::size_t size = left < 3 ? 0 : number16(text_, at + 1);
    if (left < 3 || left - 3 < size) {
      broken("its PROXY header ends within an extra field");
      return false;
    }
    if (octet(text_, at) == kChecksum) {
      if (size != 4) {
        broken("its PROXY header has a checksum of a wrong length");
        return false;
      }
      std::string zeroed = text_;
      zeroed.replace(at + 3, 4, 4, '\0');
      if (crc32c(zeroed) != number32(text_, at + 3)) {
        broken("its PROXY header has a wrong checksum");
        return false;
      }
    }
    at += 3 + size;
  }
  return true;
}

// Section 2.1: a line of at most 107 octets.
std::size_t ProxyHeader::take_line(std::string_view bytes) {
  const std::size_t have = text_.size();
  const auto room = bytes.substr(0, kMaxLine - have);
  const auto end = room.find('\n');
  const auto piece = end == std::string_view::npos ? room : room.substr(0, end + 1);
  if (have < kWord.size()) {
    const auto wanted = kWord.substr(have);
    if (common_prefix(piece, wanted) < std::min(piece.size(), wanted.size())) {
      broken("it does not begin with a PROXY header");
      return 0;
    }
  }
  text_ += piece;
  if (end != std::string_view::npos) {
    read_line();
  } else if (text_.size() == kMaxLine) {
    broken("its PROXY header is longer than any");
  }
  return piece.size();
}

void ProxyHeader::read_line() {
  if (!text_.ends_with("\r\n")) return broken("its PROXY header has a line that ends without CR");
  const auto line = std::string_view(text_).substr(0, text_.size() - 2);
  const auto pieces = split(line, ' ');
  // What follows UNKNOWN is to be ignored.
  if (pieces.size() >= 2 && pieces[1] == "UNKNOWN") {
    state_ = State::Whole;
    return;
  }
  const bool is_v4 = pieces.size() == 6 && pieces[1] == "TCP4";
  if (!is_v4 && !(pieces.size() == 6 && pieces[1] == "TCP6"))
    return broken("its PROXY header has not the words that it must have");
  const auto client = line_address(pieces[2], is_v4), server = line_address(pieces[3], is_v4);
  const auto client_port = line_port(pieces[4]), server_port = line_port(pieces[5]);
  if (!client || !server || !client_port || !server_port)
    return broken("its PROXY header names no address and port");
  named_ = Named{*client, *server, *client_port, *server_port};
  state_ = State::Whole;
}

}  // namespace waxwing
