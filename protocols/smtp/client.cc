#include "protocols/smtp/client.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing::smtp {
namespace {

using std::chrono::minutes;
using Kind = Client::Step::Kind;

bool is_completion(const Reply& reply) {
  return reply.code >= 200 && reply.code < 300;
}

std::string notify_words(unsigned notify) {
  if (notify & QueuedRecipient::kNever) return "NEVER";
  std::vector<std::string> words;
  if (notify & QueuedRecipient::kSuccess) words.emplace_back("SUCCESS");
  if (notify & QueuedRecipient::kFailure) words.emplace_back("FAILURE");
  if (notify & QueuedRecipient::kDelay) words.emplace_back("DELAY");
  return join(words, ",");
}

}  // namespace

Extensions Extensions::parse(const Reply& ehlo) {
  Extensions extensions;
  const auto lines = split(ehlo.text, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line_words = words(lines[i]);
    if (line_words.empty()) continue;
    if (i == 0) {
      extensions.name = line_words[0];
      continue;
    }
    const std::string keyword = to_upper(line_words[0]);
    if (keyword == "PIPELINING") extensions.pipelining = true;
    if (keyword == "CHUNKING") extensions.chunking = true;
    if (keyword == "8BITMIME") extensions.eight_bit_mime = true;
    if (keyword == "SMTPUTF8") extensions.smtp_utf8 = true;
    if (keyword == "DSN") extensions.dsn = true;
    if (keyword == "STARTTLS") extensions.starttls = true;
    if (keyword == "REQUIRETLS") extensions.require_tls = true;
    if (keyword == "SIZE") {
      extensions.size = true;
      if (line_words.size() > 1) extensions.max_size = parse_number(line_words[1]).value_or(0);
    }
    for (std::size_t w = 1; w < line_words.size(); ++w) {
      const std::string word = to_upper(line_words[w]);
      if (keyword == "AUTH") extensions.mechanisms.push_back(word);
      if (keyword == "LIMITS" && word.starts_with("RCPTMAX=")) {
        const auto max = parse_number(std::string_view(word).substr(8), 100'000);
        if (max && *max > 0) extensions.max_recipients = *max;
      }
    }
    // As it was written before RFC 4954.
    if (keyword.starts_with("AUTH=")) extensions.mechanisms.push_back(keyword.substr(5));
  }
  return extensions;
}

Client::Client(Options options) : options_(std::move(options)) {}

Client::~Client() {
  for (auto& line : sign_in_lines_) wipe(line);
}

Client::Step Client::consume(Input& input, Output& output) {
  while (stage_ != Stage::Over) {
    const auto reply = reader_.next(input);
    if (reply) {
      const Step step = take(*reply, output);
      if (step.kind != Kind::Bytes) return step;
      continue;
    }
    if (reader_.is_broken()) return fail_with({0, "4.5.0", "what the server said is no SMTP"});
    if (input.ended()) return fail_with({0, "4.4.2", "the server closed the connection"});
    return {Kind::Bytes};
  }
  return {Kind::Close};
}

Client::Step Client::take(const Reply& reply, Output& output) {
  // The server ends this conversation, whatever it was asked.  RFC 5321 section 3.8
  if (reply.code == 421 && stage_ != Stage::Quit) {
    // What it was told behind that, it did not look at.
    if (stage_ == Stage::Envelope) stage_ = Stage::Over;
    return fail_with(reply);
  }
  switch (stage_) {
    case Stage::Greeting:
      if (!is_completion(reply)) return fail_with(reply);
      hello(output);
      return {Kind::Bytes};
    case Stage::Hello: return after_hello(reply, output);
    case Stage::StartTls:
      if (reply.code != 220) return fail_with(reply);
      return {Kind::StartTls};
    case Stage::SignIn: return after_sign_in(reply, output);
    case Stage::Envelope:
    case Stage::Content: return in_transaction(reply, output);
    case Stage::Quit: stage_ = Stage::Over; return {Kind::Close};
    case Stage::Ready:
    case Stage::Over: break;
  }
  return fail_with({0, "4.5.0", "the server spoke out of turn"});
}

void Client::hello(Output& output) {
  stage_ = Stage::Hello;
  output << (options_.lmtp ? "LHLO "
             : said_helo_  ? "HELO "
                           : "EHLO ")
         << options_.hostname << "\r\n";
}

Client::Step Client::after_hello(const Reply& reply, Output& output) {
  if (!is_completion(reply)) {
    // A server from before RFC 1869 knows no EHLO.
    if (reply.code < 500 || said_helo_ || options_.lmtp) return fail_with(reply);
    said_helo_ = true;
    hello(output);
    return {Kind::Bytes};
  }
  extensions_ = said_helo_ ? Extensions{} : Extensions::parse(reply);
  if (extensions_.starttls && options_.use_tls && !is_encrypted_) {
    stage_ = Stage::StartTls;
    output << "STARTTLS\r\n";
    return {Kind::Bytes};
  }
  if (!options_.user.empty()) return sign_in(output);
  stage_ = Stage::Ready;
  return {Kind::Ready};
}

// Nothing that was said in clear counts.  RFC 3207 section 4.2
void Client::encrypted(const TlsInfo& tls) {
  tls_ = tls;
  is_encrypted_ = true;
  extensions_ = {};
  // TLS from the first byte: the greeting is still to come.
  stage_ = stage_ == Stage::StartTls ? Stage::Hello : Stage::Greeting;
}

// RFC 4616; RFC 4954 section 4. LOGIN for servers that have nothing else.
Client::Step Client::sign_in(Output& output) {
  if (!is_encrypted_ && !options_.clear_password)
    return fail_with(
        {0, "4.7.0", "the relay offers no TLS, and the password is not sent in clear"});
  const auto& offered = extensions_.mechanisms;
  const auto has = [&](std::string_view name) {
    return std::find(offered.begin(), offered.end(), name) != offered.end();
  };
  stage_ = Stage::SignIn;
  if (has("PLAIN")) {
    std::string message =
        std::string(1, '\0') + options_.user + std::string(1, '\0') + options_.password;
    output << "AUTH PLAIN " << base64(message) << "\r\n";
    wipe(message);
    return {Kind::Bytes};
  }
  if (has("LOGIN")) {
    sign_in_lines_ = {base64(options_.user), base64(options_.password)};
    output << "AUTH LOGIN\r\n";
    return {Kind::Bytes};
  }
  return fail_with({0, "4.7.0", "the relay offers no way to sign in that is known here"});
}

Client::Step Client::after_sign_in(const Reply& reply, Output& output) {
  if (reply.code == 334 && !sign_in_lines_.empty()) {
    output << sign_in_lines_.front() << "\r\n";
    wipe(sign_in_lines_.front());
    sign_in_lines_.pop_front();
    return {Kind::Bytes};
  }
  // A wrong password is the operator's mistake: mail waits until it is mended.
  if (!is_completion(reply)) return fail_with({reply.code, reply.enhanced, reply.text});
  stage_ = Stage::Ready;
  return {Kind::Ready};
}

std::chrono::seconds Client::patience() const {
  switch (stage_) {
    case Stage::Greeting:
    case Stage::Hello:
    case Stage::StartTls:
    case Stage::SignIn:
    case Stage::Envelope: return minutes(5);
    case Stage::Content: return content_said_ && !text_ ? minutes(10) : minutes(3);
    case Stage::Quit: return std::chrono::seconds(10);
    case Stage::Ready:
    case Stage::Over: break;
  }
  return minutes(5);
}

void Client::send(Consignment consignment, Output& output) {
  consignment_ = std::move(consignment);
  const std::size_t count = consignment_.recipients.size();
  results_.assign(count, std::nullopt);
  accepted_.assign(count, false);
  awaited_.clear();
  next_ = 0;
  mail_refused_ = content_said_ = false;
  lmtp_replies_ = 0;
  stage_ = Stage::Envelope;
  if (std::exchange(needs_reset_, false)) {
    output << "RSET\r\n";
    awaited_.push_back({Said::Reset});
  }
  say_what_may_be_said(output);
}

// What the server cannot take, whatever is said: better known before the message is sent.
std::optional<Reply> Client::unfit(const Consignment& consignment) const {
  if (extensions_.max_size > 0 && consignment.size > extensions_.max_size)
    return Reply{552, "5.3.4",
                 "message size exceeds the limit of " + std::to_string(extensions_.max_size) +
                     " octets that the server has"};
  if (consignment.smtp_utf8 && !extensions_.smtp_utf8)
    return Reply{553, "5.6.7", "the server does not take internationalised addresses (SMTPUTF8)"};
  if (consignment.body == Envelope::Body::EightBitMime && !extensions_.eight_bit_mime)
    return Reply{554, "5.6.3", "the server does not take 8-bit messages (8BITMIME)"};
  // A report goes on without it: RFC 8689 section 5.
  if (consignment.require_tls && !consignment.sender.empty() && !offers_require_tls())
    return Reply{550, "5.7.30", "REQUIRETLS support required"};
  return std::nullopt;
}

void Client::refuse_all(const Reply& reply) {
  for (auto& result : results_) result = Result{reply, false};
}

void Client::say_what_may_be_said(Output& output) {
  while ((extensions_.pipelining || awaited_.empty()) && say_next(output)) {
  }
}

// The next command of the transaction; false when it has to wait for what was said, or was the
// last.
bool Client::say_next(Output& output) {
  const std::size_t count = consignment_.recipients.size();
  if (next_ == 0) {
    say_mail(output);
  } else if (next_ <= count) {
    if (mail_refused_) return false;
    say_rcpt(next_ - 1, output);
  } else if (next_ == count + 1) {
    // A large message is not sent before somebody wants it.
    const bool may_be_early =
        extensions_.pipelining && (!extensions_.chunking || is_small()) && !options_.lmtp;
    if (!awaited_.empty() && !may_be_early) return false;
    if (awaited_.empty() && !any_accepted()) return false;
    say_content(output);
  } else {
    return false;
  }
  ++next_;
  return true;
}

void Client::say_mail(Output& output) {
  output << "MAIL FROM:<" << consignment_.sender << ">";
  if (extensions_.size) output << " SIZE=" << std::to_string(consignment_.size);
  if (extensions_.eight_bit_mime && consignment_.body == Envelope::Body::EightBitMime)
    output << " BODY=8BITMIME";
  if (consignment_.smtp_utf8) output << " SMTPUTF8";
  if (consignment_.require_tls && offers_require_tls()) output << " REQUIRETLS";
  if (extensions_.dsn && consignment_.ret != Envelope::Return::NotSaid)
    output << (consignment_.ret == Envelope::Return::Full ? " RET=FULL" : " RET=HDRS");
  if (extensions_.dsn && !consignment_.envelope_id.empty())
    output << " ENVID=" << consignment_.envelope_id;
  output << "\r\n";
  awaited_.push_back({Said::Mail});
}

void Client::say_rcpt(std::size_t number, Output& output) {
  const auto& recipient = consignment_.recipients[number];
  output << "RCPT TO:<" << recipient.address << ">";
  if (extensions_.dsn && recipient.notify != 0)
    output << " NOTIFY=" << notify_words(recipient.notify);
  if (extensions_.dsn && !recipient.original.empty()) output << " ORCPT=" << recipient.original;
  output << "\r\n";
  awaited_.push_back({Said::Rcpt, number});
}

void Client::say_content(Output& output) {
  if (!extensions_.chunking) {
    output << "DATA\r\n";
    awaited_.push_back({Said::Data});
    return;
  }
  output << "BDAT " << std::to_string(consignment_.size) << " LAST\r\n";
  output.write_file(consignment_.file, consignment_.offset, consignment_.size);
  awaited_.push_back({Said::Chunk});
  content_said_ = true;
}

bool Client::any_accepted() const {
  return std::find(accepted_.begin(), accepted_.end(), true) != accepted_.end();
}

Client::Step Client::in_transaction(const Reply& reply, Output& output) {
  if (awaited_.empty()) return fail_with({0, "4.5.0", "the server spoke out of turn"});
  const Awaited awaited = awaited_.front();
  awaited_.pop_front();
  switch (awaited.what) {
    case Said::Reset:
      if (!is_completion(reply)) return fail_with(reply);
      break;
    case Said::Mail:
      mail_refused_ = !is_completion(reply);
      if (mail_refused_) refuse_all(reply);
      break;
    case Said::Rcpt: took_rcpt(awaited.recipient, reply); break;
    case Said::Data:
      if (reply.code != 354) {
        if (!mail_refused_) took_content(reply);
        break;
      }
      stage_ = Stage::Content;
      content_said_ = true;
      if (!any_accepted()) {
        // Said too early. An empty message for nobody is the way out.  RFC 2920 section 3.1
        output << ".\r\n";
      } else {
        text_.emplace(consignment_.file, consignment_.offset, consignment_.size);
        if (const auto written = write(output); !written)
          return fail_with({0, "4.3.0", "the message cannot be read"});
      }
      awaited_.push_front({Said::Chunk});
      return {Kind::Bytes};
    case Said::Chunk:
      if (options_.lmtp && any_accepted() && lmtp_replies_ == 0)
        lmtp_replies_ =
            static_cast<std::size_t>(std::count(accepted_.begin(), accepted_.end(), true));
      took_content(reply);
      if (lmtp_replies_ > 1) {
        --lmtp_replies_;
        awaited_.push_front({Said::Chunk});
        return {Kind::Bytes};
      }
      break;
  }
  // Only the answer to the message itself is open: it may be there already.
  const bool only_content = awaited_.size() == 1 && awaited_.front().what == Said::Chunk;
  if (only_content && any_accepted()) stage_ = Stage::Content;
  say_what_may_be_said(output);
  return awaited_.empty() ? end_transaction() : Step{Kind::Bytes};
}

void Client::took_rcpt(std::size_t number, const Reply& reply) {
  if (mail_refused_) return;
  accepted_[number] = is_completion(reply);
  if (!accepted_[number]) results_[number] = Result{reply, false};
}

// The answer to the message is that for all whose RCPT was accepted; in LMTP for the next of them.
void Client::took_content(const Reply& reply) {
  for (std::size_t i = 0; i < accepted_.size(); ++i) {
    if (!accepted_[i] || results_[i]) continue;
    results_[i] = Result{reply, extensions_.dsn};
    if (options_.lmtp && lmtp_replies_ > 0) return;
  }
}

Client::Step Client::end_transaction() {
  const bool all_went_well = content_said_ && any_accepted() &&
                             std::any_of(results_.begin(), results_.end(), [](const auto& result) {
                               return result && is_completion(result->reply);
                             });
  needs_reset_ = !all_went_well;
  stage_ = Stage::Ready;
  consignment_.file.reset();
  return {Kind::Ready};
}

Outcome Client::write(Output& output) {
  const auto written = text_->write(output);
  if (!written) return fail(written.error());
  if (*written) text_.reset();
  return {};
}

void Client::quit(Output& output) {
  stage_ = Stage::Quit;
  output << "QUIT\r\n";
}

bool Client::is_in_doubt() const {
  if (stage_ == Stage::Content) return true;
  if (stage_ != Stage::Envelope || !content_said_ || mail_refused_) return false;
  const auto is_awaited = [this](Said what) {
    return std::any_of(awaited_.begin(), awaited_.end(),
                       [what](const Awaited& each) { return each.what == what; });
  };
  return is_awaited(Said::Chunk) && (any_accepted() || is_awaited(Said::Rcpt));
}

Client::Step Client::fail_with(Reply reply) {
  trouble_ = std::move(reply);
  text_.reset();
  stage_ = is_in_doubt() ? Stage::Content : Stage::Over;
  return {Kind::Failed};
}

}  // namespace waxwing::smtp
