// A PROXY header in pieces: it means the same however it is cut, takes nothing that is not its own,
// and is bounded.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocols/proxy_header.h"

namespace {

void must(bool so) {
  if (!so) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using waxwing::ProxyHeader;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ProxyHeader whole, slow;
  const std::size_t taken = whole.take(text);
  std::size_t slowly = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t more = slow.take(text.substr(i, 1));
    must(more <= 1);
    slowly += more;
  }
  must(taken <= size && taken <= ProxyHeader::kMaxBinary);
  must(whole.state() == slow.state());
  must(std::string_view(whole.fault()) == slow.fault());
  must(whole.named().has_value() == slow.named().has_value());
  switch (whole.state()) {
    case ProxyHeader::State::Partial: must(taken == size); break;
    case ProxyHeader::State::Whole:
      must(taken == slowly && taken == whole.size());
      must(whole.take("more") == 0);
      break;
    case ProxyHeader::State::Broken: must(whole.fault()[0] != '\0' && !whole.named()); break;
  }
  if (whole.named()) {
    must(whole.named()->client == slow.named()->client);
    must(whole.named()->server_port == slow.named()->server_port);
  }
  return 0;
}
