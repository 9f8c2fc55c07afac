#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace waxwing {

// Words of eight octets in memory, the lowest octet first, whatever this machine does.
constexpr std::uint64_t little_endian(std::uint64_t word) {
  return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

// Of the eight octets there.
inline std::uint64_t read_word(const char* octets) {
  std::uint64_t word = 0;
  std::memcpy(&word, octets, sizeof word);
  return little_endian(word);
}

inline void append_word(std::string& octets, std::uint64_t word) {
  const auto added = std::bit_cast<std::array<char, 8>>(little_endian(word));
  octets.append(added.data(), added.size());
}

}  // namespace waxwing
