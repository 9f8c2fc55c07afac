// Whatever a client sends as DEFLATE is inflated in pieces no larger than asked for, the same
// however it is cut; and what is compressed comes back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/compression.h"

using namespace waxwing;

namespace {

constexpr std::size_t kMost = 1 << 20;

std::string inflate(std::string_view bytes, std::size_t step, std::size_t room) {
  Inflater inflater;
  std::vector<char> space(room);
  std::string all;
  while (!bytes.empty()) {
    inflater.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (;;) {
      const auto next = inflater.next(space);
      if (next.kind == Inflater::Next::Kind::Hungry) break;
      if (next.kind != Inflater::Next::Kind::Some) return all;
      if (next.count == 0 || next.count > room) std::abort();
      all.append(space.data(), next.count);
      if (all.size() >= kMost) return all.substr(0, kMost);
    }
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = bytes[0] + 1u;
  const std::string_view text(reinterpret_cast<const char*>(bytes + 1), size - 1);
  const std::string whole = inflate(text, text.size(), 4096);
  // Where it is damaged, more or less of what stood before may have come out.
  const std::string pieces = inflate(text, step, 7 * step);
  const std::size_t common = std::min(whole.size(), pieces.size());
  if (whole.substr(0, common) != pieces.substr(0, common)) std::abort();

  Deflater deflater;
  std::string packed;
  deflater.add(text, packed);
  deflater.flush(packed);
  if (inflate(packed, step, step) != text) std::abort();
  return 0;
}
