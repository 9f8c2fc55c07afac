#pragma once

#include <optional>
#include <span>
#include <string>

#include "protocols/pop3/line_reader.h"
#include "protocols/pop3/maildrop.h"
#include "protocols/pop3/message_writer.h"
#include "protocols/pop3/read_ahead.h"
#include "protocols/pop3/session.h"
#include "protocols/pop3/sign_in.h"

namespace waxwing::pop3 {

// The session behind make_session(): conversation.cc cuts lines and decides what runs where,
// commands.cc and transaction.cc hold the table of commands and what each does.
class Conversation final : public Session {
 public:
  Conversation(Peer peer, Services services);

  void greet(Output& output) override;
  Next consume(Input& input, Output& output) override;
  Progress run(Output& output) override;
  Next changed(MailboxId mailbox, Output& output) override;
  Next tick(Output& output) override;
  void encrypted(const TlsInfo& tls) override;
  Next overloaded(Output& output) override;
  void goodbye(std::string_view reason, Output& output) override;
  void timed_out(Output& output) override;
  std::chrono::seconds idle_timeout() const override;
  const std::string& user() const override { return user_; }

 private:
  // Where in RFC 1939 the session is, as bits: a command is legal in several.
  enum State : unsigned {
    kLocked = 1,  // a port for TLS alone, and no TLS yet
    kAuthorization = 2,
    kTransaction = 4,
    kAny = kLocked | kAuthorization | kTransaction,
  };
  using Handler = Progress (Conversation::*)(const std::string& argument, Output& output);
  struct Command {
    std::string_view name;
    unsigned states;           // in which it is legal
    std::optional<Lane> lane;  // nothing: at once, on the loop thread
    Handler handler;
    // Tried first where there is one: true when it could answer at once after all.
    bool (Conversation::*at_once)(const std::string& argument, Output& output) = nullptr;
  };
  // What a worker shall do next.
  struct Task {
    Lane lane;
    Handler handler;
    std::string argument;
  };

  static std::span<const Command> commands();

  // conversation.cc
  State state() const;
  bool may_send_password() const;
  Authenticator::Offer offer() const;
  SignInContext sign_in_context() const;
  void take_line(std::string line, Output& output);
  void refuse_state(Output& output);
  // "-ERR text" to a client that errs: slower from the fourth time on, goodbye at the tenth.
  void reject(std::string_view text, Output& output);
  void execute(Task task, Output& output);
  Progress wait_for_room(const std::string& argument, Output& output);

  // The table, in commands.cc; what happens in TRANSACTION, in transaction.cc.
  Progress auth(const std::string& argument, Output& output);
  Progress capa(const std::string& argument, Output& output);
  Progress dele(const std::string& argument, Output& output);
  Progress lang(const std::string& argument, Output& output);
  Progress list(const std::string& argument, Output& output);
  Progress noop(const std::string& argument, Output& output);
  Progress pass(const std::string& argument, Output& output);
  Progress quit(const std::string& argument, Output& output);
  Progress retr(const std::string& argument, Output& output);
  Progress rset(const std::string& argument, Output& output);
  Progress stat(const std::string& argument, Output& output);
  Progress stls(const std::string& argument, Output& output);
  Progress top(const std::string& argument, Output& output);
  Progress uidl(const std::string& argument, Output& output);
  Progress user_name(const std::string& argument, Output& output);
  Progress utf8(const std::string& argument, Output& output);
  bool retr_at_once(const std::string& argument, Output& output);
  // What follows on another lane or line.
  Progress respond(const std::string& line, Output& output);
  Progress open_maildrop(const std::string& argument, Output& output);
  Progress update(const std::string& argument, Output& output);
  void continue_sasl(const std::string& reply, Output& output);
  void signed_in(const Identity& identity, Output& output);
  std::optional<std::size_t> message_number(std::string_view text, Output& output) const;
  Progress send_message(std::size_t number, std::optional<std::uint64_t> body_lines,
                        Output& output);
  Progress write_message(Output& output);

  const Peer peer_;
  const Services services_;
  LineReader reader_;
  TlsInfo tls_;
  bool encrypted_ = false;

  std::optional<Task> task_;
  std::optional<Next> end_;  // StartTls or Close, when all before it is done
  std::chrono::milliseconds pause_{0};
  int errors_ = 0;

  std::string claimed_user_;          // USER, until PASS
  std::optional<SaslDialog> dialog_;  // AUTH, until it ends
  std::optional<Identity> identity_;  // signed in, the maildrop is about to open
  std::optional<Maildrop> maildrop_;  // set: TRANSACTION
  std::string user_;

  std::size_t next_number_ = 0;          // LIST, UIDL: where a long listing goes on
  std::optional<MessageWriter> writer_;  // RETR, TOP: the message on its way
  ReadAhead read_ahead_;
};

}  // namespace waxwing::pop3
