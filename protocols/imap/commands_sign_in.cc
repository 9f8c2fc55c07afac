#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "protocols/imap/capability.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {
namespace {

Reply refuse_sign_in(Conversation& conversation, const Error& error) {
  switch (error.code) {
    case Error::Code::Temporary: return conversation.refuse(error);
    case Error::Code::Invalid: return Reply::bad("The client's message makes no sense");
    default:
      ++conversation.failed_sign_ins;
      // Wrong, unknown or disabled: nobody shall learn which.
      return Reply::no("User name or password is wrong", "AUTHENTICATIONFAILED");
  }
}

Reply want_tls() {
  return Reply::no("Start TLS first: a password would be readable", "PRIVACYREQUIRED");
}

class AuthenticateTask final : public Task {
 public:
  explicit AuthenticateTask(Authenticate command) : command_(std::move(command)) {}

  Step run(Conversation& conversation, Output& output) override {
    if (!exchange_) return start(conversation, output);
    if (!line_) return done(Reply::bad("Cancelled"));
    return respond(conversation, output, *line_);
  }

  // "*" cancels, and so does what is not base64.  RFC 9051 section 6.2.2
  void line(std::string text) override {
    line_ = from_base64(text);
    wipe(text);
  }

 private:
  Step start(Conversation& conversation, Output& output) {
    if (!conversation.may_send_password()) return done(want_tls());
    const Authenticator::Offer offer{.clear_passwords_allowed = true,
                                     .channel_binding = conversation.tls.has_value()};
    auto exchange = conversation.services.authenticator.start(conversation.sign_in_context(),
                                                              command_.mechanism, offer);
    if (!exchange) {
      if (exchange.error().code != Error::Code::NotFound) {
        return done(refuse_sign_in(conversation, exchange.error()));
      }
      return done(Reply::no("This mechanism is not offered", "CANNOT"));
    }
    exchange_ = std::move(*exchange);
    if (command_.initial) return respond(conversation, output, *command_.initial);
    if (!exchange_->client_first()) return respond(conversation, output, "");
    output << "+ \r\n";
    return Step::Line;
  }

  Step respond(Conversation& conversation, Output& output, std::string_view message) {
    SaslExchange::Step step = exchange_->respond(message);
    if (line_) wipe(*line_);
    if (command_.initial) wipe(*command_.initial);
    switch (step.kind) {
      case SaslExchange::Step::Kind::Challenge:
        output << "+ " << base64(step.challenge) << "\r\n";
        return Step::Line;
      case SaslExchange::Step::Kind::Done:
        if (step.challenge.empty() || signed_in_) {
          return done(conversation.sign_in(std::move(step.identity)));
        }
        // IMAP has no place for data beside success: it is one more challenge, and the client's
        // empty answer ends the exchange.  RFC 4422 section 3.6
        output << "+ " << base64(step.challenge) << "\r\n";
        signed_in_ = std::move(step.identity);
        exchange_ = std::make_unique<Acknowledged>(*signed_in_);
        return Step::Line;
      case SaslExchange::Step::Kind::Failed: break;
    }
    return done(refuse_sign_in(conversation, step.error));
  }

  // What is left of an exchange when only the client's last, empty message is missing.
  class Acknowledged final : public SaslExchange {
   public:
    explicit Acknowledged(Identity who) : who_(std::move(who)) {}
    bool client_first() const override { return true; }
    Step respond(std::string_view message) override {
      Step step;
      if (message.empty()) {
        step.kind = Step::Kind::Done;
        step.identity = who_;
      } else {
        step.error = {Error::Code::Invalid, "data behind the end of the exchange"};
      }
      return step;
    }

   private:
    Identity who_;
  };

  Authenticate command_;
  std::unique_ptr<SaslExchange> exchange_;
  std::optional<std::string> line_;
  std::optional<Identity> signed_in_;
};

}  // namespace

Reply starttls(Conversation& conversation, StartTls&, Output&) {
  if (conversation.tls) return Reply::bad("TLS is active already");
  if (!conversation.peer.offers_starttls) return Reply::no("There is no TLS here", "UNAVAILABLE");
  conversation.ending = Conversation::Ending::StartTls;
  return Reply::ok("Begin TLS now");
}

Reply login(Conversation& conversation, Login& login, Output&) {
  if (!conversation.may_send_password()) return want_tls();
  auto who = conversation.services.authenticator.password(conversation.sign_in_context(),
                                                          login.user, login.password, "LOGIN");
  wipe(login.password);
  if (!who) return refuse_sign_in(conversation, who.error());
  return conversation.sign_in(std::move(*who));
}

std::unique_ptr<Task> authenticate(Command&& command) {
  return std::make_unique<AuthenticateTask>(std::get<Authenticate>(std::move(command.body)));
}

// As if the connection were new; TLS stays.  RFC 8437
Reply unauthenticate(Conversation& conversation, Unauthenticate&, Output&) {
  conversation.deselect();
  conversation.notifications.reset();
  conversation.annotation_relay.reset();
  conversation.own_annotated.clear();
  conversation.dialect = {};
  conversation.collation = {};
  conversation.account.reset();
  conversation.identity.reset();
  // RFC 8437 section 4.1
  if (std::exchange(conversation.is_compressed, false)) {
    conversation.ending = Conversation::Ending::Plain;
  }
  return Reply::ok("Signed out", "CAPABILITY " + capabilities(conversation));
}

}  // namespace waxwing::imap
