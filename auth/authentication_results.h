#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing {

// What an Authentication-Results field says, or that of ARC behind its "i=1;".  RFC 8601 section
// 2.2, RFC 8617 section 4.1.1
struct AuthenticationResults {
  struct Property {
    std::string name;  // "smtp.mailfrom"
    std::string value;
  };
  struct Method {
    std::string name, result;  // "spf", "pass"
    std::string reason;        // for people; may be empty
    std::vector<Property> properties;

    // The value of a property; empty without it.
    std::string_view find(std::string_view property) const;
  };
  std::string server;  // the authserv-id
  std::vector<Method> methods;
};

// The value of the field, folded, without the last line end. Texts may be a stranger's: each stays
// one value whatever is in it, in printable ASCII and not longer than 320 octets. Without methods
// it says "none".
std::string print(const AuthenticationResults& results);

// Nothing for what does not follow the grammar. Names, results and the server come in lower case.
std::optional<AuthenticationResults> parse_authentication_results(std::string_view value);

// Might somebody who reads the value of such a field take it for one of this host? Also where it is
// broken, or says nobody's name at all.  RFC 8601 section 5
bool may_be_results_of(std::string_view host, std::string_view value);

}  // namespace waxwing
