// What is an address stays the same address when it is printed and read again, and a canonical form
// is its own canonical form.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocols/mail/address.h"
#include "protocols/mail/address_list.h"
#include "protocols/mail/date.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waxwing::mail;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const EnvelopeAddress& address : parse_address_list(text)) {
    if (address.mailbox.empty() && !address.host.empty()) std::abort();
  }
  parse_date(text);

  const auto address = parse_address(text);
  if (!address) return 0;
  if (parse_address(address->to_string()) != address) std::abort();
  const auto form = canonical(*address);
  if (!form) return 0;
  const auto again = parse_address(*form);
  if (!again || canonical(*again) != form) std::abort();
  return 0;
}
