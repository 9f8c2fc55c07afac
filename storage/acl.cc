#include "storage/acl.h"

#include <optional>

#include "protocols/mail/address.h"
#include "storage/shares.h"

namespace waxwing {

Result<std::string> canonical_identifier(std::string_view identifier) {
  const bool is_negative = identifier.starts_with('-');
  const std::string_view who = is_negative ? identifier.substr(1) : identifier;
  const std::string sign = is_negative ? "-" : "";
  if (who == kAnyone) return sign + std::string(kAnyone);
  const auto parsed = mail::parse_address(who);
  const auto address = parsed ? mail::canonical(*parsed) : std::nullopt;
  if (!address) return fail(Error::Code::Invalid, "neither an address nor \"anyone\"");
  return sign + *address;
}

Rights rights_of(const User& user, std::string_view owner, const Acl& acl) {
  if (user.address == owner) return Rights::all();
  const bool is_neighbour = shared_owner(user.address) == shared_owner(owner);
  if (user.is_administrator && is_neighbour && owner.starts_with('@')) return Rights::all();
  const auto given = [&](std::string_view sign, std::string_view who) {
    const auto entry = acl.find(std::string(sign).append(who));
    return entry == acl.end() ? Rights() : entry->second;
  };
  Rights rights = given("", user.address);
  if (is_neighbour) rights = rights | given("", kAnyone);
  return rights.without(given("-", user.address) | given("-", kAnyone));
}

void change_rights(Acl& acl, const std::string& identifier, const RightsChange& change) {
  Rights& rights = acl[identifier];
  switch (change.mode) {
    case RightsChange::Mode::Replace: rights = change.rights; break;
    case RightsChange::Mode::Add: rights = rights | change.rights; break;
    case RightsChange::Mode::Remove: rights = rights.without(change.rights); break;
  }
  if (rights.is_none()) acl.erase(identifier);
}

}  // namespace waxwing
