#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/directory.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"

namespace waxwing {

// The circumstances of a sign-in: what throttle and log need.
struct SignInContext {
  std::string session_id;
  IpAddress address;
  std::string service;  // "smtp", "submission", "pop3", "imap"
  std::string tls;      // "TLSv1.3"; empty in clear
  // Channel bindings; empty where there is no TLS.
  std::string tls_exporter;
  std::string tls_server_end_point;
};

// One SASL exchange. Held by one thread at a time; respond() may block for as long as a password
// hash takes, so it runs on the Password lane.
class SaslExchange {
 public:
  struct Step {
    enum class Kind { Challenge, Done, Failed };
    Kind kind = Kind::Failed;
    std::string challenge;  // Challenge: what to send (before base64). Done: data for the client,
                            // when there is any
    Identity identity;      // Done
    Error error{Error::Code::Denied,
                {}};  // Failed: Denied wrong credentials, Temporary try later, Invalid malformed
  };
  virtual ~SaslExchange() = default;
  // The mechanism starts with the client's message (PLAIN, SCRAM ...): without an initial response
  // the server sends an empty challenge first.
  virtual bool client_first() const = 0;
  // The client's next message, decoded from base64. LOGIN without initial response starts with
  // respond("").
  virtual Step respond(std::string_view message) = 0;
};

// Checks passwords. Any thread; everything but mechanisms() may block: Password lane. Logs one line
// for every sign-in, good or bad: "sign-in" with result, address, account, service, mechanism, tls.
class Authenticator {
 public:
  static std::unique_ptr<Authenticator> make(Directory& directory, const Clock& clock);
  virtual ~Authenticator() = default;

  // USER/PASS, IMAP LOGIN. Denied: wrong, unknown or disabled, all alike. Temporary: throttled.
  virtual Result<Identity> password(const SignInContext& context, std::string_view user,
                                    std::string_view password, std::string_view mechanism) = 0;
  // Mechanisms for this client in order of preference; those that send the password only when
  // `clear_passwords_allowed`. SCRAM only when every account has its keys; -PLUS only with TLS.
  struct Offer {
    bool clear_passwords_allowed = false;
    bool channel_binding = false;
  };
  virtual std::vector<std::string> mechanisms(const Offer& offer) = 0;
  // NotFound when the mechanism is not offered.
  virtual Result<std::unique_ptr<SaslExchange>> start(const SignInContext& context,
                                                      std::string_view mechanism,
                                                      const Offer& offer) = 0;
};

}  // namespace waxwing
