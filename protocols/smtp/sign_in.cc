#include "protocols/smtp/sign_in.h"

#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing::smtp {
namespace {

Reply malformed() {
  return {501, "5.5.2", "Not valid base64"};
}

Reply denied(const Error& error) {
  switch (error.code) {
    case Error::Code::Temporary:
    case Error::Code::NoSpace:
    case Error::Code::Cancelled:
      return {454, "4.7.0", "Temporary authentication failure, try again later"};
    case Error::Code::Invalid: return {501, "5.5.2", "Malformed authentication response"};
    case Error::Code::NotFound:
    case Error::Code::AlreadyExists:
    case Error::Code::TooLarge:
    case Error::Code::Limit:
    case Error::Code::OverQuota:
    case Error::Code::ReadOnly:
    case Error::Code::Denied:
    case Error::Code::Corrupt: break;
  }
  return {535, "5.7.8", "Authentication failed: user name or password is wrong"};
}

}  // namespace

SignIn::SignIn(Authenticator& authenticator, SignInContext context, Authenticator::Offer offer)
    : authenticator_(authenticator), context_(std::move(context)), offer_(offer) {}

Reply SignIn::start(std::string_view argument) {
  const auto pieces = words(argument);
  if (pieces.empty() || pieces.size() > 2)
    return {501, "5.5.4", "Syntax: AUTH mechanism [initial-response]"};
  const std::string mechanism = to_upper(pieces[0]);
  if (!offer_.clear_passwords_allowed && (mechanism == "PLAIN" || mechanism == "LOGIN")) {
    return {538, "5.7.11", "Encryption is required for this mechanism, use STARTTLS first"};
  }
  auto exchange = authenticator_.start(context_, mechanism, offer_);
  if (!exchange && exchange.error().code == Error::Code::NotFound) {
    return {504, "5.5.4", "Authentication mechanism is not offered"};
  }
  if (!exchange) return refuse(denied(exchange.error()));
  exchange_ = std::move(*exchange);

  if (pieces.size() == 1) return exchange_->client_first() ? challenge("") : step("");
  if (pieces[1] == "=") return step("");  // an initial response that is empty
  auto initial = from_base64(pieces[1]);
  if (!initial) return malformed();
  const auto reply = step(*initial);
  wipe(*initial);
  return reply;
}

Reply SignIn::respond(std::string_view line) {
  open_ = false;
  if (line == "*") return {501, "5.7.0", "Authentication cancelled"};
  auto message = from_base64(line);
  if (!message) return malformed();
  if (proven_) {
    // Nothing is left to say for the client but that it has read the server's proof.
    if (!message->empty()) return {501, "5.5.2", "Malformed authentication response"};
    identity_ = std::move(proven_);
    return {235, "2.7.0", "Authentication successful"};
  }
  const auto reply = step(*message);
  wipe(*message);
  return reply;
}

Reply SignIn::step(std::string_view message) {
  auto step = exchange_->respond(message);
  switch (step.kind) {
    case SaslExchange::Step::Kind::Challenge: return challenge(step.challenge);
    case SaslExchange::Step::Kind::Failed: return refuse(denied(step.error));
    case SaslExchange::Step::Kind::Done: break;
  }
  if (!step.challenge.empty()) {
    // SMTP has no room for data in its 235, so it travels as one more challenge.  RFC 4954 section
    // 4
    proven_ = std::move(step.identity);
    return challenge(step.challenge);
  }
  identity_ = std::move(step.identity);
  return {235, "2.7.0", "Authentication successful"};
}

Reply SignIn::challenge(std::string_view text) {
  open_ = true;
  return {334, "", base64(text)};
}

Reply SignIn::refuse(Reply reply) {
  open_ = false;
  exchange_.reset();
  return reply;
}

}  // namespace waxwing::smtp
