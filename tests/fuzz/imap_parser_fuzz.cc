// Whatever parses can be printed, and parses to the same command again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/imap/print_command.h"

using namespace waxwing::imap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Parsing parsing = parse_text(std::string_view(reinterpret_cast<const char*>(bytes), size));
  if (!parsing.command) return 0;
  std::string printed = print(*parsing.command);
  // Printed literals are longer than quoted strings; the limits still hold.
  if (printed.size() > 100'000) return 0;
  Parsing again = parse_text(printed + "\r\n");
  if (!again.command || *again.command != *parsing.command) std::abort();
  return 0;
}
