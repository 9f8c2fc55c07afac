#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocols/input.h"
#include "protocols/output.h"
#include "protocols/session.h"
#include "protocols/smtp/reply_reader.h"
#include "protocols/smtp/stuffed_text.h"
#include "storage/envelope.h"

namespace waxwing::smtp {

// What a server said it can do, behind EHLO.
struct Extensions {
  std::string name;             // what it calls itself; empty: not said
  bool pipelining = false;      // RFC 2920
  bool chunking = false;        // RFC 3030
  bool eight_bit_mime = false;  // RFC 6152
  bool smtp_utf8 = false;       // RFC 6531
  bool dsn = false;             // RFC 3461
  bool starttls = false;        // RFC 3207
  bool require_tls = false;     // RFC 8689
  bool size = false;            // RFC 1870
  std::uint64_t max_size = 0;   // 0: not said
  std::uint64_t max_recipients =
      100;  // LIMITS RCPTMAX, or what every server takes.  RFC 5321 4.5.3.1.8
  std::vector<std::string> mechanisms;  // AUTH, in upper case.  RFC 4954

  static Extensions parse(const Reply& ehlo);
};

// One message for some of its recipients.
struct Consignment {
  std::string sender;
  std::vector<QueuedRecipient> recipients;
  Envelope::Body body = Envelope::Body::SevenBit;
  bool smtp_utf8 = false, require_tls = false;
  Envelope::Return ret = Envelope::Return::NotSaid;
  std::string envelope_id;
  std::shared_ptr<const Fd> file;
  std::uint64_t offset = 0, size = 0;
};

// The other end of protocols/smtp: our side of a conversation with a server that takes mail.
// Replies in, commands out; pure as a Session is. Held by one thread at a time.
//
// A conversation goes: consume() until it says Ready, then send() and consume() until it is Ready
// again, with results(), and so on until quit().
class Client {
 public:
  struct Options {
    std::string hostname;  // for EHLO
    bool use_tls = true;   // STARTTLS where the server has it
    // Sign-in, where it must; only under TLS, or where `clear_password` allows otherwise.
    std::string user, password;
    bool clear_password = false;
    bool lmtp = false;  // RFC 2033: LHLO, and a reply for each recipient
  };
  explicit Client(Options options);
  ~Client();

  struct Step {
    enum class Kind {
      Bytes,  // more input; or call write() when the output is nearly empty, while wants_to_write()
      StartTls,  // send what is queued, start TLS, then call encrypted() and hello_again()
      Ready,     // for send() or quit(); after a send(), results() are there
      Failed,    // it cannot go on; trouble() says why. Recipients without a result were not served
      Close,     // after quit()
    };
    Kind kind;
  };
  Step consume(Input& input, Output& output);
  // TLS is up: behind StartTls, or before the greeting.
  void encrypted(const TlsInfo& tls);
  // After STARTTLS: the server's extensions may be others now.  RFC 3207 section 4.2
  void hello_again(Output& output) { hello(output); }
  // How long the server may be silent now.  RFC 5321 section 4.5.3.2
  std::chrono::seconds patience() const;

  // Why this server cannot take that message, before anything is said; nothing when it can.
  std::optional<Reply> unfit(const Consignment& consignment) const;
  // At most extensions().max_recipients of them.
  void send(Consignment consignment, Output& output);
  // More of the message than fits into the output at once. May block: it reads the file.
  bool wants_to_write() const { return text_.has_value(); }
  Outcome write(Output& output);
  void quit(Output& output);

  struct Result {
    Reply reply;             // the server's last word on this recipient
    bool passed_on = false;  // with what its sender wants to be told (DSN)
  };
  // One for each recipient, in order; none for those of whom nothing was said.
  const std::vector<std::optional<Result>>& results() const { return results_; }
  // The whole message was handed over, or may have been, and no answer came. With CHUNKING it may
  // go out with MAIL and RCPT, so also while these are unanswered.
  bool is_in_doubt() const;
  // The server has said nothing of this message yet, not even of its MAIL.
  bool is_unheard() const {
    return !awaited_.empty() &&
           (awaited_.front().what == Said::Mail || awaited_.front().what == Said::Reset);
  }
  // Why it Failed: the server's words where it said any, code 0 otherwise.
  const Reply& trouble() const { return trouble_; }
  const Extensions& extensions() const { return extensions_; }
  const TlsInfo& tls() const { return tls_; }

 private:
  enum class Stage { Greeting, Hello, StartTls, SignIn, Ready, Envelope, Content, Quit, Over };
  enum class Said { Mail, Rcpt, Data, Chunk, Reset };
  struct Awaited {
    Said what;
    std::size_t recipient = 0;
  };

  Step take(const Reply& reply, Output& output);
  Step after_hello(const Reply& reply, Output& output);
  Step sign_in(Output& output);
  Step after_sign_in(const Reply& reply, Output& output);
  Step in_transaction(const Reply& reply, Output& output);
  Step fail_with(Reply reply);
  void hello(Output& output);
  void say_what_may_be_said(Output& output);
  bool say_next(Output& output);
  void say_mail(Output& output);
  void say_rcpt(std::size_t number, Output& output);
  void say_content(Output& output);
  void took_rcpt(std::size_t number, const Reply& reply);
  void took_content(const Reply& reply);
  Step end_transaction();
  void refuse_all(const Reply& reply);
  bool any_accepted() const;
  bool offers_require_tls() const { return is_encrypted_ && extensions_.require_tls; }
  bool is_small() const { return consignment_.size <= kSmall; }

  static constexpr std::uint64_t kSmall = 128 * 1024;

  const Options options_;
  Stage stage_ = Stage::Greeting;
  ReplyReader reader_;
  Extensions extensions_;
  TlsInfo tls_;
  bool is_encrypted_ = false, said_helo_ = false;
  Reply trouble_{0, "", ""};
  std::deque<std::string> sign_in_lines_;  // of a SASL exchange, still to be said

  Consignment consignment_;
  std::vector<std::optional<Result>> results_;
  std::vector<bool> accepted_;
  std::deque<Awaited> awaited_;  // replies, in order
  std::size_t next_ = 0;         // command of the transaction: MAIL, each RCPT, the content
  bool mail_refused_ = false, content_said_ = false, needs_reset_ = false;
  std::size_t lmtp_replies_ = 0;
  std::optional<StuffedText> text_;
};

}  // namespace waxwing::smtp
