#include "protocols/pop3/sign_in.h"

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing::pop3 {
namespace {

constexpr const char* kMalformed = "-ERR Malformed authentication response";

}  // namespace

std::string sign_in_refusal(const Error& error) {
  switch (error.code) {
    case Error::Code::Denied:
    case Error::Code::NotFound: return "-ERR [AUTH] User name or password is wrong";
    case Error::Code::Invalid: return kMalformed;
    case Error::Code::AlreadyExists:
    case Error::Code::TooLarge:
    case Error::Code::Limit:
    case Error::Code::OverQuota:
    case Error::Code::NoSpace:
    case Error::Code::ReadOnly:
    case Error::Code::Temporary:
    case Error::Code::Corrupt:
    case Error::Code::Cancelled: break;
  }
  return "-ERR [SYS/TEMP] Sign-in is not possible now, try again later";
}

SaslDialog::SaslDialog(Authenticator& authenticator, SignInContext context,
                       Authenticator::Offer offer)
    : authenticator_(authenticator), context_(std::move(context)), offer_(offer) {}

std::string SaslDialog::start(std::string_view argument) {
  const auto pieces = words(argument);
  if (pieces.empty() || pieces.size() > 2) return "-ERR Syntax: AUTH mechanism [initial-response]";
  const std::string mechanism = to_upper(pieces[0]);
  if (!offer_.clear_passwords_allowed && (mechanism == "PLAIN" || mechanism == "LOGIN")) {
    return "-ERR This would send the password in clear: use STLS first";
  }
  auto exchange = authenticator_.start(context_, mechanism, offer_);
  if (!exchange && exchange.error().code == Error::Code::NotFound) {
    return "-ERR This mechanism is not offered";
  }
  if (!exchange) return sign_in_refusal(exchange.error());
  exchange_ = std::move(*exchange);

  if (pieces.size() == 1) return exchange_->client_first() ? challenge("") : step("");
  if (pieces[1] == "=") return step("");  // an initial response that is empty
  auto initial = from_base64(pieces[1]);
  if (!initial) return kMalformed;
  std::string reply = step(*initial);
  wipe(*initial);
  return reply;
}

std::string SaslDialog::respond(std::string_view line) {
  open_ = false;
  if (line == "*") return "-ERR Sign-in cancelled";
  auto message = from_base64(line);
  if (!message) return kMalformed;
  if (proven_) {
    // Nothing is left to say for the client but that it has read the server's proof.
    if (!message->empty()) return kMalformed;
    identity_ = std::move(proven_);
    return {};
  }
  std::string reply = step(*message);
  wipe(*message);
  return reply;
}

std::string SaslDialog::step(std::string_view message) {
  auto step = exchange_->respond(message);
  switch (step.kind) {
    case SaslExchange::Step::Kind::Challenge: return challenge(step.challenge);
    case SaslExchange::Step::Kind::Failed: return sign_in_refusal(step.error);
    case SaslExchange::Step::Kind::Done: break;
  }
  if (!step.challenge.empty()) {
    // +OK has no room for data, so it travels as one more challenge.  RFC 5034 section 4
    proven_ = std::move(step.identity);
    return challenge(step.challenge);
  }
  identity_ = std::move(step.identity);
  return {};
}

std::string SaslDialog::challenge(std::string_view text) {
  open_ = true;
  return "+ " + base64(text);
}

}  // namespace waxwing::pop3
