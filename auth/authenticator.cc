#include "auth/authenticator.h"

#include <algorithm>

#include "auth/sasl_exchange.h"
#include "auth/sign_in.h"
#include "base/text.h"

namespace waxwing {
namespace {

class PasswordAuthenticator final : public Authenticator {
 public:
  PasswordAuthenticator(Credentials& credentials, const Clock& clock)
      : sign_in_(credentials, clock) {}

  Result<Identity> password(const SignInContext& context, std::string_view user,
                            std::string_view password, std::string_view mechanism) override {
    return sign_in_.password({context, std::string(mechanism), canonical_user(user)}, password);
  }

  std::vector<std::string> mechanisms(const Offer& offer) override {
    std::vector<std::string> names;
    // One account without keys, and a client that picked SCRAM would be told that its right
    // password is wrong.
    if (sign_in_.has_scram_for_all()) {
      if (offer.channel_binding) names.push_back("SCRAM-SHA-256-PLUS");
      names.push_back("SCRAM-SHA-256");
    }
    if (offer.clear_passwords_allowed) {
      names.push_back("PLAIN");
      names.push_back("LOGIN");
    }
    return names;
  }

  Result<std::unique_ptr<SaslExchange>> start(const SignInContext& context,
                                              std::string_view mechanism,
                                              const Offer& offer) override {
    const auto name = to_upper(mechanism);
    const auto offered = mechanisms(offer);
    if (std::find(offered.begin(), offered.end(), name) == offered.end()) {
      return fail(Error::Code::NotFound, printable(mechanism, 40) + " is not offered");
    }
    if (name == "PLAIN") return make_plain(sign_in_, context);
    if (name == "LOGIN") return make_login(sign_in_, context);
    const auto variant =
        name == "SCRAM-SHA-256-PLUS" ? ScramServer::Variant::Plus : ScramServer::Variant::Plain;
    return make_scram(sign_in_, context, variant, offer.channel_binding);
  }

 private:
  SignIn sign_in_;
};

}  // namespace

std::unique_ptr<Authenticator> Authenticator::make(Directory& directory, const Clock& clock) {
  return std::make_unique<PasswordAuthenticator>(directory.credentials(), clock);
}

}  // namespace waxwing
