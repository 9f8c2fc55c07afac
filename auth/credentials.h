#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/directory.h"
#include "auth/password_hash.h"
#include "auth/scram.h"
#include "base/result.h"

namespace waxwing {

// What is known of an account's password.
struct Credential {
  Identity identity;
  bool enabled = true;
  std::int64_t version = 0;  // another one after every change of password or of `enabled`
  PasswordHash hash;
  std::optional<ScramKeys> scram;  // absent until an imported hash met its password
};

// The side of the directory that sign-in uses. Any thread; may block, but for has_scram_for_all().
class Credentials {
 public:
  virtual ~Credentials() = default;

  // NotFound when there is no such account.
  virtual Result<Credential> find(const std::string& account) = 0;
  // For an account that is not there: a hash that costs what some account of this server costs,
  // always the same one for a name. Matching it means nothing.
  virtual Result<PasswordHash> decoy(const std::string& account) = 0;
  // A key of this server that never leaves it and survives restarts.
  virtual const std::string& secret() const = 0;
  virtual bool has_scram_for_all() const = 0;

  // Gives an imported credential a hash of our own and SCRAM keys. Does nothing when the password
  // has changed meanwhile.
  virtual Outcome adopt(const Credential& imported, std::string_view password) = 0;

  // Sign-in history; `client` is IpAddress::client_key().
  virtual Result<bool> has_signed_in(std::int64_t account, const std::string& client) = 0;
  virtual Outcome note_sign_in(std::int64_t account, const std::string& client) = 0;
};

}  // namespace waxwing
