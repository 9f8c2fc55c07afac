#include "auth/sasl_exchange.h"

#include "auth/names.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing {
namespace {

using Step = SaslExchange::Step;

// No honest message is longer: an address has 254 bytes, a password at most 1000.
constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kNonceSize = 18;

Step challenge(std::string text) {
  return {Step::Kind::Challenge, std::move(text), {}, {}};
}

Step done(Identity identity, std::string text = {}) {
  return {Step::Kind::Done, std::move(text), std::move(identity), {}};
}

Step failed(Error error) {
  return {Step::Kind::Failed, {}, {}, std::move(error)};
}

Error invalid(const char* what) {
  return Error{Error::Code::Invalid, what};
}

// RFC 4616: [authzid] NUL authcid NUL passwd
class Plain final : public SaslExchange {
 public:
  Plain(SignIn& sign_in, SignInContext context)
      : sign_in_(sign_in), attempt_{std::move(context), "PLAIN", ""} {}

  bool client_first() const override { return true; }

  Step respond(std::string_view message) override {
    if (std::exchange(ended_, true)) return failed(invalid("exchange is over"));
    const auto parts = split(message, '\0');
    if (message.size() > kMaxMessage || parts.size() != 3 || parts[1].empty()) {
      return failed(sign_in_.refused(attempt_, invalid("malformed PLAIN message")));
    }
    attempt_.account = canonical_user(parts[1]);
    if (!parts[0].empty() &&
        (attempt_.account.empty() || canonical_user(parts[0]) != attempt_.account)) {
      return failed(sign_in_.refused(
          attempt_, {Error::Code::Denied, "may not act as another authorization identity"}));
    }
    auto identity = sign_in_.password(attempt_, parts[2]);
    return identity ? done(std::move(*identity)) : failed(identity.error());
  }

 private:
  SignIn& sign_in_;
  SignInTry attempt_;
  bool ended_ = false;
};

// draft-murchison-sasl-login: the server asks twice. Clients know these prompts by heart.
class Login final : public SaslExchange {
 public:
  Login(SignIn& sign_in, SignInContext context)
      : sign_in_(sign_in), attempt_{std::move(context), "LOGIN", ""} {}

  bool client_first() const override { return false; }

  Step respond(std::string_view message) override {
    if (message.size() > kMaxMessage) state_ = State::Ended;
    switch (state_) {
      case State::Start:
        state_ = State::User;
        if (message.empty()) return challenge("Username:");
        [[fallthrough]];  // the user name came with the command
      case State::User:
        state_ = State::Password;
        attempt_.account = canonical_user(message);
        return challenge("Password:");
      case State::Password: {
        state_ = State::Ended;
        auto identity = sign_in_.password(attempt_, message);
        return identity ? done(std::move(*identity)) : failed(identity.error());
      }
      case State::Ended: break;
    }
    return failed(sign_in_.refused(attempt_, invalid("malformed LOGIN message")));
  }

 private:
  enum class State { Start, User, Password, Ended };
  SignIn& sign_in_;
  SignInTry attempt_;
  State state_ = State::Start;
};

// RFC 5802, 7677
class Scram final : public SaslExchange {
 public:
  Scram(SignIn& sign_in, SignInContext context, ScramServer::Variant variant, bool plus_offered)
      : sign_in_(sign_in),
        server_(variant, {plus_offered, context.tls_exporter, context.tls_server_end_point},
                base64(random_bytes(kNonceSize))),
        attempt_{std::move(context),
                 variant == ScramServer::Variant::Plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256",
                 ""} {}

  bool client_first() const override { return true; }

  Step respond(std::string_view message) override {
    const auto state = std::exchange(state_, state_ == State::First ? State::Final : State::Ended);
    if (state == State::Ended || message.size() > kMaxMessage) {
      state_ = State::Ended;
      return failed(sign_in_.refused(attempt_, invalid("malformed SCRAM message")));
    }
    auto step = state == State::First ? first(message) : final(message);
    if (step.kind == Step::Kind::Failed) state_ = State::Ended;
    return step;
  }

 private:
  enum class State { First, Final, Ended };

  Step first(std::string_view message) {
    const auto claim = server_.first(message);
    if (!claim) return failed(sign_in_.refused(attempt_, claim.error()));
    attempt_.account = canonical_user(claim->user);
    if (!claim->authzid.empty() &&
        (attempt_.account.empty() || canonical_user(claim->authzid) != attempt_.account)) {
      return failed(sign_in_.refused(
          attempt_, {Error::Code::Denied, "may not act as another authorization identity"}));
    }
    auto subject = sign_in_.subject(attempt_);
    if (!subject) return failed(subject.error());
    subject_ = std::move(*subject);
    return challenge(server_.challenge(subject_.keys));
  }

  Step final(std::string_view message) {
    auto proven = sign_in_.proof(attempt_, subject_, server_, message);
    if (!proven) return failed(proven.error());
    return done(std::move(proven->identity), std::move(proven->signature));
  }

  SignIn& sign_in_;
  ScramServer server_;
  SignInTry attempt_;
  SignIn::Subject subject_;
  State state_ = State::First;
};

}  // namespace

std::unique_ptr<SaslExchange> make_plain(SignIn& sign_in, SignInContext context) {
  return std::make_unique<Plain>(sign_in, std::move(context));
}

std::unique_ptr<SaslExchange> make_login(SignIn& sign_in, SignInContext context) {
  return std::make_unique<Login>(sign_in, std::move(context));
}

std::unique_ptr<SaslExchange> make_scram(SignIn& sign_in, SignInContext context,
                                         ScramServer::Variant variant, bool plus_offered) {
  return std::make_unique<Scram>(sign_in, std::move(context), variant, plus_offered);
}

std::string canonical_user(std::string_view user) {
  return canonical_address(user).value_or(std::string());
}

}  // namespace waxwing
