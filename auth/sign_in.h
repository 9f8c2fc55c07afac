#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/authenticator.h"
#include "auth/credentials.h"
#include "auth/password_memory.h"
#include "auth/throttle.h"

namespace waxwing {

// Who tries to sign in, and how: the same for every line and decision of one try.
struct SignInTry {
  SignInContext context;
  std::string mechanism;
  std::string account;  // canonical; empty when what the client gave is no address
};

// Decides. All mechanisms end here, so that throttle, log and history miss none. What a stranger
// can observe is the same for accounts that exist, that are disabled and that do not exist: the
// same steps run in the same order, on a decoy where there is nothing real. Any thread; may block.
class SignIn {
 public:
  SignIn(Credentials& credentials, const Clock& clock);

  bool has_scram_for_all() const { return credentials_.has_scram_for_all(); }

  // The whole of a sign-in that carries the password.
  Result<Identity> password(const SignInTry& attempt, std::string_view password);

  // SCRAM in two halves. First what to challenge with: the account's keys, or invented ones.
  struct Subject {
    ScramKeys keys;
    std::optional<Credential> credential;
  };
  Result<Subject> subject(const SignInTry& attempt);
  // Then what the client's final message is worth.
  struct Proven {
    Identity identity;
    std::string signature;  // the server's, for the client
  };
  Result<Proven> proof(const SignInTry& attempt, const Subject& subject, ScramServer& server,
                       std::string_view message);

  // Logs a try that ended before there was anything to check, and hands its error on.
  Error refused(const SignInTry& attempt, Error error) const;

 private:
  Result<std::optional<Credential>> look_up(const std::string& account);
  // Done: go on. Temporary: too many wrong passwords.
  Outcome admit(const SignInTry& attempt, const Throttle::Attempt& guess,
                const std::optional<Credential>& credential, bool is_remembered);
  bool is_verified(const std::optional<Credential>& credential, std::string_view password);
  // Whether this password opens this account now.
  Result<bool> verify(const Throttle::Attempt& guess, const std::optional<Credential>& credential,
                      std::string_view password);
  void adopt(const SignInTry& attempt, const Credential& credential, std::string_view password);
  // The client is who it says: history, throttle and log learn of it.
  void welcome(const SignInTry& attempt, const Throttle::Attempt& guess,
               const Credential& credential);
  Error broken(const SignInTry& attempt, const Throttle::Attempt& guess, const Error& error);

  Credentials& credentials_;
  Throttle throttle_;
  PasswordMemory verified_, refused_;
};

}  // namespace waxwing
