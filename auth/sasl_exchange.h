#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/authenticator.h"
#include "auth/sign_in.h"

namespace waxwing {

// The mechanisms, one exchange each.
std::unique_ptr<SaslExchange> make_plain(SignIn& sign_in, SignInContext context);
std::unique_ptr<SaslExchange> make_login(SignIn& sign_in, SignInContext context);
std::unique_ptr<SaslExchange> make_scram(SignIn& sign_in, SignInContext context,
                                         ScramServer::Variant variant, bool plus_offered);

// Canonical, or empty for what is no address.
std::string canonical_user(std::string_view user);

}  // namespace waxwing
