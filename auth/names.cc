#include "auth/names.h"

#include "base/text.h"
#include "protocols/mail/address.h"

namespace waxwing {

Result<std::string> canonical_address(std::string_view address) {
  const auto parsed = mail::parse_address(address);
  auto canonical = parsed ? mail::canonical(*parsed) : std::nullopt;
  if (!canonical) return fail(Error::Code::Invalid, printable(address) + " is not an address");
  return std::move(*canonical);
}

Result<std::string> canonical_domain_name(std::string_view domain) {
  auto canonical = mail::canonical_domain(domain);
  // An address literal names a machine, not a domain.
  if (!canonical || canonical->starts_with('[')) {
    return fail(Error::Code::Invalid, printable(domain) + " is not a domain");
  }
  return std::move(*canonical);
}

Result<std::string> canonical_alias(std::string_view address) {
  if (!address.starts_with('@')) return canonical_address(address);
  auto domain = canonical_domain_name(address.substr(1));
  if (!domain) return domain;
  return "@" + *domain;
}

std::string domain_of(std::string_view canonical) {
  return std::string(canonical.substr(canonical.rfind('@') + 1));
}

}  // namespace waxwing
