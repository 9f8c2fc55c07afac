#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocols/session.h"
#include "protocols/smtp/bdat_reader.h"
#include "protocols/smtp/command.h"
#include "protocols/smtp/line_reader.h"
#include "protocols/smtp/session.h"
#include "protocols/smtp/sign_in.h"
#include "protocols/smtp/transaction.h"

namespace waxwing::smtp {

// Greeting, TLS, sign-in and the order of commands; what belongs to one message is a Transaction.
// On the service lmtp it is LMTP: RFC 2033.
//
// A command is answered where it is read (conversation.cc) or, where its row in the table
// (commands.cc) names a lane and memory alone does not answer it, by run() on a worker. The lines
// behind AUTH and the text behind DATA and BDAT are read in modes of their own.
class Conversation final : public Session {
 public:
  Conversation(Peer peer, Services services);

  void greet(Output& output) override;
  Next consume(Input& input, Output& output) override;
  Progress run(Output& output) override;
  Next changed(MailboxId, Output&) override { return Next::bytes(); }
  Next tick(Output&) override { return Next::bytes(); }
  void encrypted(const TlsInfo& tls) override;
  bool is_amid_message() const override { return mode_ == Mode::Text || next_job_ != Job::None; }
  void goodbye(std::string_view reason, Output& output) override;
  void timed_out(Output& output) override;
  Next overloaded(Output& output) override;
  // RFC 5321 section 4.5.3.2.7
  std::chrono::seconds idle_timeout() const override { return std::chrono::minutes(5); }
  const std::string& user() const override { return user_; }

 private:
  enum class Mode { Commands, SignIn, Text, SkippedChunk };
  enum class Job { None, Command, SignInLine, WriteText, EndText, Examine, Accept };

  // What must be so before a command is legal.
  static constexpr unsigned kTls = 1;  // TLS, where the port wants it before all else
  static constexpr unsigned kHello = 2;
  static constexpr unsigned kSignIn = 4;  // where the port wants it
  static constexpr unsigned kTransaction = 8;
  static constexpr unsigned kNoTransaction = 16;
  static constexpr unsigned kArgument = 32;
  static constexpr unsigned kNoArgument = 64;
  static constexpr unsigned kNotLmtp = 128;  // else the command is unknown
  static constexpr unsigned kOnlyLmtp = 256;
  // A row of the command table. The handler returns nothing when the reply comes later.
  struct Rule {
    std::string_view verb;
    unsigned needs;
    std::optional<Lane> lane;
    std::optional<Reply> (Conversation::*answer)(std::string_view argument);
  };
  static std::span<const Rule> rules();
  struct Waiting {
    const Rule* rule;
    std::string argument;
  };
  bool is_spoken(const Rule& rule) const;
  const Rule* find_rule(std::string_view verb) const;

  // Each reads on in its mode; nothing: look again what is to be done.
  std::optional<Next> read_command(Input& input, Output& output);
  std::optional<Next> read_sign_in(Input& input, Output& output);
  std::optional<Next> read_text(Input& input, Output& output);
  std::optional<Next> skip_chunk(Input& input, Output& output);

  std::optional<Next> dispatch(Command command, Input& input, Output& output);
  void gather(Input& input);
  bool is_quick(const Waiting& waiting) const;
  void run_batch(Output& output);
  std::optional<Reply> refusal(const Rule& rule, std::string_view argument) const;
  void refuse_chunk(const Reply& refused, std::string_view argument, Output& output);
  Next work(Job job, Lane lane);
  void reply(const Reply& reply, Output& output);
  // The last reply of a conversation that cannot go on.
  void cut(const Reply& reply, std::string_view why, Output& output);

  // The handlers, in the order of the table.
  std::optional<Reply> ehlo(std::string_view argument);
  std::optional<Reply> helo(std::string_view argument);
  std::optional<Reply> starttls(std::string_view argument);
  std::optional<Reply> auth(std::string_view argument);
  void tell_limit(std::string_view key) const;
  std::optional<Reply> mail(std::string_view argument);
  std::optional<Reply> rcpt(std::string_view argument);
  std::optional<Reply> data(std::string_view argument);
  std::optional<Reply> bdat(std::string_view argument);
  std::optional<Reply> rset(std::string_view argument);
  std::optional<Reply> noop(std::string_view argument);
  std::optional<Reply> vrfy(std::string_view argument);
  std::optional<Reply> expn(std::string_view argument);
  std::optional<Reply> help(std::string_view argument);
  std::optional<Reply> quit(std::string_view argument);

  void hello(std::string_view name, bool esmtp);
  Reply after_sign_in_step(Reply reply);
  void end_text(Output& output);
  void examine(Output& output);
  void answer_text(Reply answer, Output& output);
  const Settings& settings() const { return *services_.settings; }
  bool wants_tls_first() const;
  bool is_lmtp() const { return origin_.peer.service == Service::Lmtp; }
  // Whose commands ClientLimits counts.
  bool is_stranger() const { return !origin_.may_relay() && !is_lmtp(); }
  Authenticator::Offer offer() const;

  Services services_;
  Origin origin_;
  TlsInfo tls_;
  bool encrypted_ = false;
  std::string user_;

  Mode mode_ = Mode::Commands;
  Job job_ = Job::None;
  Job next_job_ = Job::None;   // what the one before leads to
  std::deque<Waiting> batch_;  // they wait for the lane of the first
  std::string sign_in_line_;
  LineReader lines_;
  std::optional<Transaction> transaction_;
  std::optional<SignIn> sign_in_;
  std::optional<BdatReader> skipped_;  // a chunk that is read past
  Reply skipped_reply_;

  int errors_ = 0;
  std::uint64_t transactions_ = 0;
  bool slow_ = false;
  bool starting_tls_ = false;
  bool closing_ = false;
};

}  // namespace waxwing::smtp
