#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waxwing {

// SASLprep, so that a password is the same on every keyboard. Nothing for text that is not UTF-8,
// holds prohibited characters or becomes empty.  RFC 4013
// Stored text may hold only characters that Unicode 3.2 assigned; a query may hold any.
enum class SaslPrep { Stored, Query };
std::optional<std::string> saslprep(std::string_view text, SaslPrep kind);

// The password as it is hashed: after SASLprep, or as it is where SASLprep has no answer (a device
// that sends Latin-1 can then still sign in with what was set through it).
std::string prepared_password(std::string_view password);

}  // namespace waxwing
