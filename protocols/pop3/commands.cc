// The table of commands, and those that need no mailbox.  RFC 1939 section 4, 2449, 2595, 5034,
// 6856

#include "base/log.h"
#include "base/text.h"
#include "protocols/pop3/conversation.h"

namespace waxwing::pop3 {

// The whole protocol.  RFC 1939, 2449, 2595, 5034, 6856
std::span<const Conversation::Command> Conversation::commands() {
  static constexpr Command kCommands[] = {
      {"CAPA", kAny, {}, &Conversation::capa},
      {"STLS", kLocked | kAuthorization, {}, &Conversation::stls},
      {"USER", kAuthorization, {}, &Conversation::user_name},
      {"PASS", kAuthorization, Lane::Password, &Conversation::pass},
      {"AUTH", kAuthorization, Lane::Password, &Conversation::auth},
      {"UTF8", kAuthorization, {}, &Conversation::utf8},
      {"LANG", kAuthorization | kTransaction, {}, &Conversation::lang},
      {"STAT", kTransaction, {}, &Conversation::stat},
      {"LIST", kTransaction, {}, &Conversation::list},
      {"UIDL", kTransaction, Lane::Storage, &Conversation::uidl},
      {"RETR", kTransaction, Lane::Storage, &Conversation::retr, &Conversation::retr_at_once},
      {"TOP", kTransaction, Lane::Storage, &Conversation::top},
      {"DELE", kTransaction, {}, &Conversation::dele},
      {"RSET", kTransaction, {}, &Conversation::rset},
      {"NOOP", kTransaction, {}, &Conversation::noop},
      {"QUIT", kAny, {}, &Conversation::quit},
  };
  return kCommands;
}

// Always the same but for what TLS changes.  RFC 2449 section 5
Progress Conversation::capa(const std::string&, Output& output) {
  output
      << "+OK Capabilities follow\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n"
         "EXPIRE NEVER\r\nUTF8 USER\r\nLANG\r\nIMPLEMENTATION Waxwing\r\n";
  if (may_send_password()) output << "USER\r\n";
  if (state() != kLocked) {
    const auto mechanisms = services_.authenticator.mechanisms(offer());
    if (!mechanisms.empty()) output << "SASL " << join(mechanisms, " ") << "\r\n";
  }
  if (peer_.offers_starttls && !encrypted_ && !maildrop_) output << "STLS\r\n";
  output << ".\r\n";
  return Progress::Done;
}

Progress Conversation::stls(const std::string&, Output& output) {
  if (encrypted_) {
    reject("TLS is on already", output);
  } else if (!peer_.offers_starttls) {
    reject("TLS is not available", output);
  } else {
    output << "+OK Begin TLS\r\n";
    end_ = Next::start_tls();
  }
  return Progress::Done;
}

Progress Conversation::user_name(const std::string& argument, Output& output) {
  const std::string_view name = trim(argument);
  if (!may_send_password()) {
    reject("This would send the password in clear: use STLS first", output);
  } else if (name.empty() || !is_utf8(name)) {
    reject("Syntax: USER name", output);
  } else {
    claimed_user_ = name;
    output << "+OK Password, please\r\n";  // whether there is such a user is not said
  }
  return Progress::Done;
}

Progress Conversation::pass(const std::string& argument, Output& output) {
  const std::string name = std::exchange(claimed_user_, {});
  if (name.empty()) {
    reject("Send USER first", output);
    return Progress::Done;
  }
  const auto identity = services_.authenticator.password(sign_in_context(), name, argument, "USER");
  if (identity) {
    signed_in(*identity, output);
  } else {
    reject(sign_in_refusal(identity.error()).substr(5), output);
  }
  return Progress::Done;
}

Progress Conversation::auth(const std::string& argument, Output& output) {
  if (trim(argument).empty()) {  // Outlook asks so, with a blank behind AUTH
    output << "+OK Mechanisms follow\r\n";
    for (const std::string& mechanism : services_.authenticator.mechanisms(offer())) {
      output << mechanism << "\r\n";
    }
    output << ".\r\n";
    return Progress::Done;
  }
  dialog_.emplace(services_.authenticator, sign_in_context(), offer());
  continue_sasl(dialog_->start(argument), output);
  return Progress::Done;
}

Progress Conversation::respond(const std::string& line, Output& output) {
  continue_sasl(dialog_->respond(line), output);
  return Progress::Done;
}

void Conversation::continue_sasl(const std::string& reply, Output& output) {
  if (dialog_->is_open()) {
    output << reply << "\r\n";
    return;
  }
  const auto identity = dialog_->identity();
  dialog_.reset();
  if (identity) {
    signed_in(*identity, output);
  } else {
    reject(std::string_view(reply).substr(5), output);
  }
}

// Who it is, is known; what is left is on the disk.
void Conversation::signed_in(const Identity& identity, Output& output) {
  if (identity.pop3 == PopPolicy::Off) {
    reject("[SYS/PERM] POP3 is switched off for this account", output);
    return;
  }
  identity_ = identity;
  task_ = Task{Lane::Storage, &Conversation::open_maildrop, {}};
}

Progress Conversation::open_maildrop(const std::string&, Output& output) {
  const Identity identity = *std::exchange(identity_, std::nullopt);
  auto maildrop = Maildrop::open(services_.store, identity);
  if (!maildrop) {
    log.error("maildrop-failed", {{"session", peer_.session_id},
                                  {"account", identity.address},
                                  {"error", maildrop.error().text}});
    output << "-ERR [SYS/TEMP] The mailbox is not available now, try again later\r\n";
    return Progress::Done;
  }
  maildrop_ = std::move(*maildrop);
  user_ = identity.address;
  errors_ = 0;
  output << "+OK Signed in, " << std::to_string(maildrop_->message_count()) << " messages\r\n";
  return Progress::Done;
}

// Messages go out as they are in either mode: to refuse those with 8-bit text to clients that never
// heard of UTF8, nearly all, would hide mail from people. What the mode adds is the client's
// promise.
Progress Conversation::utf8(const std::string&, Output& output) {
  output << "+OK UTF-8 it is\r\n";
  return Progress::Done;
}

Progress Conversation::lang(const std::string& argument, Output& output) {
  const std::string_view range = trim(argument);
  if (range.empty()) {
    output << "+OK Languages follow\r\nen English\r\n.\r\n";
  } else if (range == "*" || equals_ignoring_case(range, "en")) {
    output << "+OK en This is English\r\n";
  } else {
    reject("No such language here", output);
  }
  return Progress::Done;
}

}  // namespace waxwing::pop3
