#include "auth/sign_in.h"

#include <cstring>

#include "base/crypto.h"
#include "base/log.h"

namespace waxwing {
namespace {

void log_try(const SignInTry& attempt, std::string_view result, std::string_view reason) {
  const auto& context = attempt.context;
  log.info("sign-in", {{"session", context.session_id},
                       {"result", result},
                       {"address", context.address.to_string()},
                       {"account", attempt.account},
                       {"service", context.service},
                       {"mechanism", attempt.mechanism},
                       {"tls", context.tls.empty() ? std::string("none") : context.tls},
                       {"reason", reason}});
}

Error denied(const SignInTry& attempt, std::string_view reason) {
  log_try(attempt, "failed", reason);
  return Error{Error::Code::Denied, std::string(reason)};
}

bool is_same(const std::optional<Credential>& now, const Credential& then) {
  return now && now->identity.id == then.identity.id && now->version == then.version;
}

// Whose password, and in which state of the account: every change of either makes another.
std::string subject_of(const std::optional<Credential>& credential) {
  if (!credential) return "0:0";
  return std::to_string(credential->identity.id) + ":" + std::to_string(credential->version);
}

std::uint64_t number(std::string_view bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

SignIn::SignIn(Credentials& credentials, const Clock& clock)
    : credentials_(credentials), throttle_(clock), verified_(clock), refused_(clock) {}

Result<Identity> SignIn::password(const SignInTry& attempt, std::string_view password) {
  const auto credential = look_up(attempt.account);
  if (!credential) return fail(broken(attempt, {}, credential.error()));

  // The account is part of the guess, or one password tried on a thousand accounts would count
  // once.
  auto guessed = attempt.account + '\0' + std::string(password);
  const Throttle::Attempt guess{attempt.context.address.client_key(), attempt.account,
                                number(hmac_sha256(credentials_.secret(), guessed))};
  wipe(guessed);
  const bool is_remembered = is_verified(*credential, password);
  if (auto outcome = admit(attempt, guess, *credential, is_remembered); !outcome) {
    return fail(outcome.error());
  }
  const auto right = is_remembered ? Result<bool>(true) : verify(guess, *credential, password);
  if (!right) return fail(broken(attempt, guess, right.error()));
  // The comparison took its time, and so may have the queue before it.
  const auto now = look_up(attempt.account);
  if (!now) return fail(broken(attempt, guess, now.error()));
  if (!*credential) return fail(denied(attempt, "unknown account"));
  if (!(*credential)->enabled) return fail(denied(attempt, "account is disabled"));
  if (!*right) return fail(denied(attempt, "wrong password"));
  if (!is_same(*now, **credential)) {
    return fail(denied(attempt, "account changed during the sign-in"));
  }
  if ((*credential)->hash.imported) adopt(attempt, **credential, password);
  welcome(attempt, guess, **credential);
  return (*credential)->identity;
}

Result<std::optional<Credential>> SignIn::look_up(const std::string& account) {
  auto credential = credentials_.find(account);
  if (credential) return std::optional(std::move(*credential));
  if (credential.error().code == Error::Code::NotFound) return std::optional<Credential>();
  return fail(credential.error());
}

Outcome SignIn::admit(const SignInTry& attempt, const Throttle::Attempt& guess,
                      const std::optional<Credential>& credential, bool is_remembered) {
  // Ids start at 1: for an unknown account the same question is asked in vain.
  const auto known =
      credentials_.has_signed_in(credential ? credential->identity.id : 0, guess.client);
  if (!known) return fail(broken(attempt, {}, known.error()));
  // An owner at home is neither slowed down nor counted, whatever others do to the account.
  if (*known && is_remembered) return {};
  const auto delay =
      throttle_.admit(guess, *known ? Throttle::Standing::Known : Throttle::Standing::Stranger);
  if (delay.count() == 0) return {};
  log_try(attempt, "throttled", "next try in " + std::to_string(delay.count()) + " s");
  return fail(Error::Code::Temporary, "too many wrong passwords");
}

// A disabled account's password is never remembered as right: a quicker answer would tell that it
// is.
bool SignIn::is_verified(const std::optional<Credential>& credential, std::string_view password) {
  const bool may_enter = credential && credential->enabled;
  return verified_.contains(may_enter ? subject_of(credential) : subject_of({}), password) &&
         may_enter;
}

Result<bool> SignIn::verify(const Throttle::Attempt& guess,
                            const std::optional<Credential>& credential,
                            std::string_view password) {
  // The client is part of it: nobody shall learn from a quick answer what others have tried.
  const auto subject = guess.client + '\0' + guess.account + '\0' + subject_of(credential);
  if (refused_.contains(subject, password)) return false;
  const auto decoy = credentials_.decoy(guess.account);
  if (!decoy) return fail(decoy.error());
  const auto right = matches(credential ? credential->hash : *decoy, password);
  if (!right) return fail(right.error());
  if (*right && credential && credential->enabled) {
    verified_.add(subject_of(credential), password);
    return true;
  }
  // A device with an old password comes for weeks, and shall not keep a processor busy.
  refused_.add(subject, password);
  return false;
}

void SignIn::adopt(const SignInTry& attempt, const Credential& credential,
                   std::string_view password) {
  // It may come from a system with looser rules, say an empty password: then its hash stays.
  if (!objection_to_password(password).empty()) return;
  if (auto outcome = credentials_.adopt(credential, password); !outcome) {
    log.warning("imported hash was not replaced", {{"session", attempt.context.session_id},
                                                   {"account", attempt.account},
                                                   {"error", outcome.error().text}});
  }
}

void SignIn::welcome(const SignInTry& attempt, const Throttle::Attempt& guess,
                     const Credential& credential) {
  throttle_.succeeded(guess);
  if (auto outcome = credentials_.note_sign_in(credential.identity.id, guess.client); !outcome) {
    log.warning("sign-in history was not written", {{"session", attempt.context.session_id},
                                                    {"account", attempt.account},
                                                    {"error", outcome.error().text}});
  }
  log_try(attempt, "ok", "-");
}

Result<SignIn::Subject> SignIn::subject(const SignInTry& attempt) {
  auto credential = look_up(attempt.account);
  if (!credential) return fail(broken(attempt, {}, credential.error()));
  // The salt of a name is the same at every try, as a real one is.  RFC 5802 section 9
  const auto invented = hmac_sha256(credentials_.secret(), "scram-salt:" + attempt.account);
  if (*credential && (*credential)->scram) {
    return Subject{*(*credential)->scram, std::move(*credential)};
  }
  return Subject{{invented.substr(0, ScramKeys::kSaltSize), ScramKeys::kIterations,
                  random_bytes(32), random_bytes(32)},
                 std::nullopt};
}

Result<SignIn::Proven> SignIn::proof(const SignInTry& attempt, const Subject& subject,
                                     ScramServer& server, std::string_view message) {
  // A proof does not show whether it is made of the same wrong password as the last one: each
  // counts.
  const Throttle::Attempt guess{attempt.context.address.client_key(), attempt.account,
                                number(random_bytes(8))};
  if (auto outcome = admit(attempt, guess, subject.credential, false); !outcome) {
    return fail(outcome.error());
  }
  auto signature = server.final(message);
  if (!signature) {
    if (signature.error().code == Error::Code::Invalid) throttle_.withdraw(guess);
    return fail(refused(attempt, signature.error()));
  }
  if (!subject.credential) return fail(denied(attempt, "unknown account"));
  // The password may have been changed since the challenge.
  const auto now = look_up(attempt.account);
  if (!now) return fail(broken(attempt, guess, now.error()));
  if (!is_same(*now, *subject.credential)) {
    return fail(denied(attempt, "account changed during the sign-in"));
  }
  if (!(*now)->enabled) return fail(denied(attempt, "account is disabled"));
  welcome(attempt, guess, **now);
  return Proven{(*now)->identity, std::move(*signature)};
}

Error SignIn::refused(const SignInTry& attempt, Error error) const {
  log_try(attempt, "failed", error.text);
  return error;
}

// Our own fault: the client may come again, and nothing counts against it.
Error SignIn::broken(const SignInTry& attempt, const Throttle::Attempt& guess, const Error& error) {
  throttle_.withdraw(guess);
  log_try(attempt, "error", error.text);
  return Error{Error::Code::Temporary, error.text};
}

}  // namespace waxwing
