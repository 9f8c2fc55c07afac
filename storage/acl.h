#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/rights.h"

namespace waxwing {

// Who uses a mailbox.
struct User {
  std::string address;            // canonical
  bool is_administrator = false;  // of the domain of this address
};

// Rights by identifier: the canonical address of an account, or "anyone"; with "-" before it, what
// it has not whatever else it is given.  RFC 4314 section 2
//
// "anyone" is anyone of the owner's domain: a server has customers who do not know each other. Who
// is meant by several entries has the rights of all of them, without those of all negative ones.
using Acl = std::map<std::string, Rights, std::less<>>;

inline constexpr std::string_view kAnyone = "anyone";

// The identifier as an Acl has it. Invalid when it is neither an address nor "anyone".
Result<std::string> canonical_identifier(std::string_view identifier);

// Everything for the owner; and for an administrator in the shared mailboxes of the domain, whose
// owner is "@domain".
Rights rights_of(const User& user, std::string_view owner, const Acl& acl);

// How SETACL changes an entry.  RFC 4314 section 3.1
struct RightsChange {
  enum class Mode { Replace, Add, Remove };
  Mode mode = Mode::Replace;
  Rights rights;
};
// An entry without rights is dropped.
void change_rights(Acl& acl, const std::string& identifier, const RightsChange& change);

}  // namespace waxwing
