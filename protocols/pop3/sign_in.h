#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/authenticator.h"

namespace waxwing::pop3 {

// "-ERR ..." for a sign-in that failed, with the response codes of RFC 3206.
std::string sign_in_refusal(const Error& error);

// The dialog behind AUTH: base64 lines to and fro until somebody is signed in or refused.  RFC 5034
// Held by one thread at a time. start() and respond() may block: Password lane. Both return a reply
// line without CRLF; when somebody has signed in it is empty, because the mailbox has yet to open.
class SaslDialog {
 public:
  SaslDialog(Authenticator& authenticator, SignInContext context, Authenticator::Offer offer);

  // The argument of AUTH: a mechanism, and perhaps an initial response.
  std::string start(std::string_view argument);
  // The client's next line.
  std::string respond(std::string_view line);

  // The last reply was a challenge.
  bool is_open() const { return open_; }
  const std::optional<Identity>& identity() const { return identity_; }

 private:
  std::string step(std::string_view message);
  std::string challenge(std::string_view text);

  Authenticator& authenticator_;
  SignInContext context_;
  Authenticator::Offer offer_;
  std::unique_ptr<SaslExchange> exchange_;
  std::optional<Identity> proven_;  // the client has yet to take the server's last word
  std::optional<Identity> identity_;
  bool open_ = false;
};

}  // namespace waxwing::pop3
