#include "base/sip_hash.h"

#include <bit>
#include <string>

#include "base/crypto.h"
#include "base/little_endian.h"

namespace waxwing {
namespace {

// Of fewer than eight octets.
std::uint64_t read_word(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  while (count-- > 0) word = word << 8 | static_cast<unsigned char>(bytes[count]);
  return word;
}

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

}  // namespace

SipHash SipHash::random() {
  const std::string key = random_bytes(16);
  return SipHash(read_word(key.data()), read_word(key.data() + 8));
}

std::uint64_t SipHash::operator()(std::string_view text) const {
  State state{k0_ ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d, k0_ ^ 0x6c7967656e657261,
              k1_ ^ 0x7465646279746573};
  const std::size_t whole = text.size() / 8 * 8;
  for (std::size_t at = 0; at < whole; at += 8) state.take(read_word(text.data() + at));
  const std::uint64_t rest = read_word(text.data() + whole, text.size() - whole);
  state.take(static_cast<std::uint64_t>(text.size()) << 56 | rest);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace waxwing
