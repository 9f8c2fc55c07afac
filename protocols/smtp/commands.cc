#include <array>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "protocols/policy.h"
#include "protocols/smtp/conversation.h"
#include "protocols/smtp/reply.h"

// The commands of SMTP: the table, and what answers each.

namespace waxwing::smtp {
namespace {

// So many MAIL commands in one session: never in the way of an honest client, and an end for
// others.
constexpr std::uint64_t kMaxTransactions = 100'000;

}  // namespace

std::span<const Conversation::Rule> Conversation::rules() {
  using C = Conversation;
  constexpr unsigned kText = kTls | kSignIn | kTransaction;
  static constexpr std::array<Rule, 15> kRules = {{
      {"EHLO", kArgument | kNotLmtp, {}, &C::ehlo},
      {"HELO", kArgument | kNotLmtp, {}, &C::helo},
      {"LHLO", kArgument | kOnlyLmtp, {}, &C::ehlo},
      {"STARTTLS", kNoArgument, {}, &C::starttls},
      {"AUTH", kTls | kHello | kNoTransaction | kArgument | kNotLmtp, Lane::Password, &C::auth},
      {"MAIL", kTls | kHello | kSignIn | kNoTransaction | kArgument, Lane::Storage, &C::mail},
      {"RCPT", kText | kArgument, Lane::Storage, &C::rcpt},
      {"DATA", kText | kNoArgument, Lane::Storage, &C::data},
      {"BDAT", kText | kArgument, {}, &C::bdat},
      {"RSET", 0, {}, &C::rset},
      {"NOOP", 0, {}, &C::noop},
      {"VRFY", kTls | kSignIn | kArgument, {}, &C::vrfy},
      {"EXPN", kTls | kSignIn | kArgument, {}, &C::expn},
      {"HELP", 0, {}, &C::help},
      {"QUIT", 0, {}, &C::quit},
  }};
  return kRules;
}

// RFC 5321 section 4.1.1.1. Clients give any name, from "localhost" to a NetBIOS name; none is
// refused.
void Conversation::hello(std::string_view name, bool esmtp) {
  origin_.helo = printable(name, 255);
  origin_.esmtp = esmtp;
  transaction_.reset();
}

std::optional<Reply> Conversation::helo(std::string_view argument) {
  hello(argument, false);
  return Reply{250, "", settings().hostname};
}

std::optional<Reply> Conversation::ehlo(std::string_view argument) {
  hello(argument, true);
  const auto& limits = settings().limits;
  std::string text = settings().hostname;
  text += "\nPIPELINING\nSIZE " + std::to_string(limits.message_size);
  text += "\n8BITMIME\nSMTPUTF8\nCHUNKING\nENHANCEDSTATUSCODES\nDSN";
  if (encrypted_) text += "\nREQUIRETLS";
  text += "\nLIMITS RCPTMAX=" + std::to_string(limits.recipients) +
          " MAILMAX=" + std::to_string(kMaxTransactions);
  if (origin_.peer.offers_starttls && !encrypted_) text += "\nSTARTTLS";
  const auto mechanisms = wants_tls_first() || is_lmtp()
                              ? std::vector<std::string>{}
                              : services_.authenticator.mechanisms(offer());
  if (!mechanisms.empty()) text += "\nAUTH " + join(mechanisms, " ");
  text += "\nHELP";
  return Reply{250, "", std::move(text)};
}

// RFC 3207
std::optional<Reply> Conversation::starttls(std::string_view) {
  if (encrypted_) return Reply{503, "5.5.1", "TLS is active already"};
  if (!origin_.peer.offers_starttls) return Reply{502, "5.5.1", "STARTTLS is not offered here"};
  if (origin_.identity) return Reply{503, "5.5.1", "STARTTLS comes before AUTH"};
  starting_tls_ = true;
  return Reply{220, "2.0.0", "Ready to start TLS"};
}

// RFC 4954
std::optional<Reply> Conversation::auth(std::string_view argument) {
  if (origin_.identity) return Reply{503, "5.5.1", "Already authenticated"};
  sign_in_.emplace(services_.authenticator,
                   SignInContext{.session_id = origin_.peer.session_id,
                                 .address = origin_.peer.address,
                                 .service = to_string(origin_.peer.service),
                                 .tls = tls_.version,
                                 .tls_exporter = tls_.exporter,
                                 .tls_server_end_point = tls_.server_end_point},
                   offer());
  return after_sign_in_step(sign_in_->start(argument));
}

Reply Conversation::after_sign_in_step(Reply reply) {
  mode_ = sign_in_->is_open() ? Mode::SignIn : Mode::Commands;
  if (sign_in_->is_open()) return reply;
  if (sign_in_->identity()) {
    origin_.identity = sign_in_->identity();
    user_ = origin_.identity->address;
  }
  sign_in_.reset();
  return reply;
}

void Conversation::tell_limit(std::string_view key) const {
  log.warning("too many from one client", {{"session", origin_.peer.session_id},
                                           {"client", origin_.peer.address.to_string()},
                                           {"limit", key}});
}

std::optional<Reply> Conversation::mail(std::string_view argument) {
  if (++transactions_ > kMaxTransactions) {
    closing_ = true;
    return Reply{421, "4.7.0", "Too many messages in one session"};
  }
  if (is_stranger() && !services_.limits.may_send(origin_.peer.address)) {
    tell_limit("limits.messages_per_minute");
    return Reply{450, "4.7.1", "Too many messages from your address, try again later"};
  }
  transaction_.emplace(settings(), services_.intake, origin_);
  auto answer = transaction_->mail(argument);
  if (!is_positive(answer)) transaction_.reset();
  return answer;
}

std::optional<Reply> Conversation::rcpt(std::string_view argument) {
  if (is_stranger() && !services_.limits.may_ask(origin_.peer.address)) {
    tell_limit("limits.unknown_recipients_per_minute");
    return Reply{450, "4.7.1", "Too many unknown recipients from your address, try again later"};
  }
  auto answer = transaction_->rcpt(argument);
  if (is_stranger() && answer.code == 550) {
    services_.limits.count_unknown_recipient(origin_.peer.address);
  }
  return answer;
}

std::optional<Reply> Conversation::data(std::string_view) {
  auto answer = transaction_->data();
  if (answer.code == 354) mode_ = Mode::Text;
  if (transaction_->is_over()) transaction_.reset();
  return answer;
}

// RFC 3030. The reply comes behind the chunk.
std::optional<Reply> Conversation::bdat(std::string_view argument) {
  const auto chunk = parse_chunk(argument);
  if (!chunk) {
    // Nobody knows where the next command starts.
    closing_ = true;
    return Reply{501, "5.5.4", "Syntax: BDAT size [LAST]"};
  }
  transaction_->bdat(*chunk);
  mode_ = Mode::Text;
  return std::nullopt;
}

std::optional<Reply> Conversation::rset(std::string_view) {
  transaction_.reset();
  return Reply{250, "2.0.0", "Forgotten"};
}

std::optional<Reply> Conversation::noop(std::string_view) {
  return Reply{250, "2.0.0", "Fine"};
}

// Says of nobody whether he is here.  RFC 5321 sections 3.5.3 and 7.3
std::optional<Reply> Conversation::vrfy(std::string_view) {
  return Reply{252, "2.5.2", "Cannot verify, but send a message and it is tried"};
}

std::optional<Reply> Conversation::expn(std::string_view) {
  return Reply{502, "5.5.1", "EXPN is not offered here"};
}

std::optional<Reply> Conversation::help(std::string_view) {
  std::vector<std::string> verbs;
  for (const auto& rule : rules()) {
    if (is_spoken(rule)) verbs.emplace_back(rule.verb);
  }
  return Reply{214, "2.0.0", "Commands: " + join(verbs, " ")};
}

std::optional<Reply> Conversation::quit(std::string_view) {
  closing_ = true;
  return Reply{221, "2.0.0", "Goodbye"};
}

bool Conversation::wants_tls_first() const {
  return !encrypted_ && (origin_.peer.service == Service::Submission || origin_.peer.only_starttls);
}

Authenticator::Offer Conversation::offer() const {
  return {.clear_passwords_allowed = may_send_password(settings(), origin_.peer, encrypted_),
          .channel_binding = !tls_.exporter.empty() || !tls_.server_end_point.empty()};
}

}  // namespace waxwing::smtp
