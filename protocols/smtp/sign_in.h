#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/authenticator.h"
#include "protocols/smtp/intake.h"

namespace waxwing::smtp {

// The dialog behind AUTH: base64 lines to and fro until somebody is signed in or refused.  RFC 4954
// Held by one thread at a time. start() and respond() may block: Password lane.
class SignIn {
 public:
  SignIn(Authenticator& authenticator, SignInContext context, Authenticator::Offer offer);

  // The argument of AUTH: a mechanism, and perhaps an initial response.
  Reply start(std::string_view argument);
  // The client's next line.
  Reply respond(std::string_view line);

  // The last reply was a challenge (334).
  bool is_open() const { return open_; }
  // Who has signed in; set when a reply was 235.
  const std::optional<Identity>& identity() const { return identity_; }

 private:
  Reply step(std::string_view message);
  Reply challenge(std::string_view text);
  Reply refuse(Reply reply);

  Authenticator& authenticator_;
  SignInContext context_;
  Authenticator::Offer offer_;
  std::unique_ptr<SaslExchange> exchange_;
  std::optional<Identity>
      proven_;  // all is well, the client has yet to take the server's last word
  std::optional<Identity> identity_;
  bool open_ = false;
};

}  // namespace waxwing::smtp
