// An envelope file may be cut off, or hold anything: reading it ends with an error or an envelope
// that comes back the same when it is written and read again.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "storage/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waxwing;
  const auto envelope = parse_envelope({reinterpret_cast<const char*>(data), size});
  if (!envelope) return 0;
  const std::string printed = print_envelope(*envelope);
  const auto again = parse_envelope(printed);
  if (!again || print_envelope(*again) != printed) std::abort();
  if (again->recipients.size() != envelope->recipients.size()) std::abort();
  return 0;
}
