#pragma once

#include <cstdint>
#include <string_view>

namespace waxwing {

// SipHash-2-4: a hash for tables whose keys come from strangers. Who does not know the key cannot
// make texts that collide, so 64 bits may stand for the text itself.
class SipHash {
 public:
  SipHash(std::uint64_t k0, std::uint64_t k1) : k0_(k0), k1_(k1) {}
  // With a key that nobody knows.
  static SipHash random();

  std::uint64_t operator()(std::string_view text) const;

 private:
  std::uint64_t k0_, k1_;
};

}  // namespace waxwing
