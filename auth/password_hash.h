#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waxwing {

// How a password is kept. Ours is argon2id with 19 MiB, two passes and one lane, which OWASP names
// as its minimum: about 25 ms, and 19 MiB for as long as it runs, on each thread of the Password
// lane.
struct PasswordHash {
  std::string text;       // "$argon2id$...", "$6$...", "$5$...", "$2b$..."
  bool imported = false;  // made elsewhere, of the password's bytes without SASLprep
};

// Empty when it may be set: 1 to 1000 bytes, no control characters. Otherwise a sentence.
std::string objection_to_password(std::string_view password);

// Both are Temporary when memory is short.
Result<PasswordHash> hash_password(std::string_view password);
// Takes the time of its scheme for every password.
Result<bool> matches(const PasswordHash& hash, std::string_view password);

// "{SCHEME}rest" of an `account import` line.
struct ImportedSecret {
  bool is_plain = false;  // `value` is the password itself
  std::string value;
};
// Invalid, with a sentence for the operator: unknown scheme, or a hash that is malformed or would
// cost a server more than it should (memory, rounds).
Result<ImportedSecret> read_imported_secret(std::string_view secret);

}  // namespace waxwing
