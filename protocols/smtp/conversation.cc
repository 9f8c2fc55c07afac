#include "protocols/smtp/conversation.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "protocols/smtp/path.h"
#include "protocols/smtp/reply.h"

namespace waxwing::smtp {
namespace {

constexpr int kErrorsUntilSlow = 3;
constexpr int kErrorsUntilGoodbye = 10;
constexpr std::chrono::milliseconds kSlow{1000};
constexpr std::size_t kMaxBatch = 100;

// Replies to what no working client says. Refused senders, recipients and messages are none of
// them: a mailing list with ten dead addresses must get to the eleventh. Who guesses addresses,
// ClientLimits counts.
// 454 is a sign-in that was throttled: whoever goes on trying shall not do so at full speed.
bool is_clients_error(int code) {
  return (code >= 500 && code <= 504) || code == 454 || code == 530 || code == 535 || code == 538 ||
         code == 555;
}

Reply not_smtp() {
  return {421, "4.7.0", "This server speaks SMTP only"};
}

Reply broken_line() {
  return {500, "5.5.2", "Lines must end with CR LF, and hold neither alone"};
}
Reply too_long() {
  return {500, "5.5.6", "Line too long"};
}

}  // namespace

std::unique_ptr<Session> make_session(Peer peer, Services services) {
  return std::make_unique<Conversation>(std::move(peer), std::move(services));
}

Conversation::Conversation(Peer peer, Services services) : services_(std::move(services)) {
  origin_.peer = std::move(peer);
  const auto& from = origin_.peer;
  origin_.is_trusted = from.service == Service::Smtp &&
                       (from.user_id || contains(settings().trusted_networks, from.address));
  origin_.is_vouched_for = is_lmtp();
}

void Conversation::greet(Output& output) {
  write(output, {220, "", settings().hostname + (is_lmtp() ? " LMTP Waxwing" : " ESMTP Waxwing")});
}

Next Conversation::consume(Input& input, Output& output) {
  for (;;) {
    if (closing_) return Next::close();
    if (std::exchange(starting_tls_, false)) {
      // A client may not pipeline behind STARTTLS; whatever it sent is an attacker's.  RFC 3207
      input.clear();
      return Next::start_tls();
    }
    if (std::exchange(slow_, false)) return Next::pause(kSlow);
    // A client that asks and never reads waits in run() until it has read.
    if (output.is_full()) return work(Job::None, Lane::Storage);

    if (!batch_.empty()) return work(Job::Command, *batch_.front().rule->lane);
    if (const Job next = std::exchange(next_job_, Job::None); next != Job::None)
      return work(next, next == Job::Examine ? Lane::Network : Lane::Storage);

    std::optional<Next> next;
    switch (mode_) {
      case Mode::Commands: next = read_command(input, output); break;
      case Mode::SignIn: next = read_sign_in(input, output); break;
      case Mode::Text: next = read_text(input, output); break;
      case Mode::SkippedChunk: next = skip_chunk(input, output); break;
    }
    if (!next) continue;
    if (next->kind == Next::Kind::Bytes && input.ended()) return Next::close();
    return *next;
  }
}

Progress Conversation::run(Output& output) {
  switch (std::exchange(job_, Job::None)) {
    case Job::None: return output.is_full() ? Progress::Again : Progress::Done;
    case Job::Command: run_batch(output); break;
    case Job::SignInLine:
      reply(after_sign_in_step(sign_in_->respond(sign_in_line_)), output);
      wipe(sign_in_line_);
      sign_in_line_.clear();
      break;
    case Job::WriteText: transaction_->write(); break;
    case Job::EndText: end_text(output); break;
    case Job::Examine: examine(output); break;
    case Job::Accept: answer_text(transaction_->accept(), output); break;
  }
  return Progress::Done;
}

// A client that errs is slowed down between two of them as well.
void Conversation::run_batch(Output& output) {
  while (!batch_.empty() && !slow_ && !closing_) {
    Waiting next = std::move(batch_.front());
    batch_.pop_front();
    if (const auto refused = refusal(*next.rule, next.argument)) {
      reply(*refused, output);
    } else if (const auto answer = (this->*next.rule->answer)(next.argument)) {
      reply(*answer, output);
    }
    wipe(next.argument);  // a password perhaps
  }
  if (closing_) batch_.clear();
}

std::optional<Next> Conversation::read_command(Input& input, Output& output) {
  const auto begun = input.view().substr(0, input.view().find_first_of("\r\n"));
  const bool is_auth = starts_with_ignoring_case(begun, "AUTH ");
  if (is_binary(begun)) {
    cut(not_smtp(), "not SMTP", output);
    return std::nullopt;
  }
  const auto read = lines_.next(input, is_auth ? kMaxSignInLine : kMaxCommandLine);
  switch (read.kind) {
    case LineReader::Kind::Wanting: return Next::bytes();
    case LineReader::Kind::Line:
      if (!is_http(read.line)) return dispatch(parse_command(read.line), input, output);
      cut(not_smtp(), "not SMTP", output);
      break;
    case LineReader::Kind::TooLong: reply(too_long(), output); break;
    case LineReader::Kind::Broken: cut(broken_line(), "broken line", output); break;
  }
  return std::nullopt;
}

bool Conversation::is_spoken(const Rule& rule) const {
  return (rule.needs & (is_lmtp() ? kNotLmtp : kOnlyLmtp)) == 0;
}

const Conversation::Rule* Conversation::find_rule(std::string_view verb) const {
  const auto all = rules();
  const auto rule = std::find_if(all.begin(), all.end(), [&](const Rule& each) {
    return each.verb == verb && is_spoken(each);
  });
  return rule == all.end() ? nullptr : &*rule;
}

std::optional<Next> Conversation::dispatch(Command command, Input& input, Output& output) {
  const Rule* rule = find_rule(command.verb);
  if (!rule) {
    reply({500, "5.5.2", "Unknown command"}, output);
  } else if (const auto refused = refusal(*rule, command.argument)) {
    if (rule->verb == "BDAT") {
      refuse_chunk(*refused, command.argument, output);
    } else {
      reply(*refused, output);
    }
  } else if (rule->lane) {
    batch_.push_back({rule, std::move(command.argument)});
    if (*rule->lane == Lane::Storage) gather(input);
    const bool is_all_quick =
        std::ranges::all_of(batch_, [&](const Waiting& each) { return is_quick(each); });
    if (!is_all_quick) return work(Job::Command, *rule->lane);
    run_batch(output);
  } else if (const auto answer = (this->*rule->answer)(command.argument)) {
    reply(*answer, output);
  }
  return std::nullopt;
}

// What a client pipelines goes to the worker in one piece, up to DATA, behind which the message
// follows: MAIL, RCPT and DATA then cost one hand-over.  RFC 2920 section 3.1
void Conversation::gather(Input& input) {
  while (batch_.size() < kMaxBatch && batch_.back().rule->verb != "DATA") {
    const auto view = input.view();
    const auto line = view.substr(0, std::min(view.find("\r\n"), view.size()));
    if (line.size() + 2 > std::min(view.size(), kMaxCommandLine) || is_binary(line)) return;
    auto command = parse_command(line);
    const Rule* rule = find_rule(command.verb);
    if (!rule || rule->lane != Lane::Storage) return;
    batch_.push_back({rule, std::move(command.argument)});
    input.consume(line.size() + 2);
  }
}

// Memory alone answers it: then a worker is not asked, which takes longer than the answer.
bool Conversation::is_quick(const Waiting& waiting) const {
  const Intake& intake = services_.intake;
  if (waiting.rule->verb == "MAIL") {
    const auto mail = parse_mail(waiting.argument);
    return mail && intake.knows_sender(origin_, mail->sender);
  }
  if (waiting.rule->verb == "RCPT") {
    const auto rcpt = parse_rcpt(waiting.argument, true);
    return rcpt && intake.knows_recipient(origin_, rcpt->recipient);
  }
  return waiting.rule->verb == "DATA" && intake.knows_sender(origin_, {});
}

// Why a command is not legal now. What has to come first is said first.
std::optional<Reply> Conversation::refusal(const Rule& rule, std::string_view argument) const {
  const auto needs = [&](unsigned what) { return (rule.needs & what) != 0; };
  if (needs(kTls) && wants_tls_first())
    return Reply{530, "5.7.0", "Must issue a STARTTLS command first"};
  if (needs(kHello) && origin_.helo.empty())
    return Reply{503, "5.5.1", is_lmtp() ? "Say LHLO first" : "Say EHLO first"};
  if (needs(kSignIn) && origin_.peer.service == Service::Submission && !origin_.identity) {
    return Reply{530, "5.7.0", "Authentication required"};
  }
  if (needs(kTransaction) && !transaction_) return Reply{503, "5.5.1", "Say MAIL first"};
  if (needs(kNoTransaction) && transaction_)
    return Reply{503, "5.5.1", "A message is under way, RSET ends it"};
  if (needs(kArgument) && argument.empty()) {
    return Reply{501, "5.5.4", std::string(rule.verb) + " needs an argument"};
  }
  if (needs(kNoArgument) && !argument.empty()) {
    return Reply{501, "5.5.4", std::string(rule.verb) + " takes no argument"};
  }
  return std::nullopt;
}

// A chunk follows its command whatever the reply, so it has to be read past.  RFC 3030 section 2
void Conversation::refuse_chunk(const Reply& refused, std::string_view argument, Output& output) {
  const auto chunk = parse_chunk(argument);
  if (!chunk)
    return cut({501, "5.5.4", "Syntax: BDAT size [LAST]"}, "chunk of unknown size", output);
  if (chunk->size > settings().limits.message_size) return cut(refused, "chunk too large", output);
  skipped_.emplace(*chunk);
  skipped_reply_ = refused;
  mode_ = Mode::SkippedChunk;
}

std::optional<Next> Conversation::skip_chunk(Input& input, Output& output) {
  input.consume(skipped_->read(input.view()).size());
  if (!skipped_->at_end()) return Next::bytes();
  skipped_.reset();
  mode_ = Mode::Commands;
  reply(skipped_reply_, output);
  return std::nullopt;
}

std::optional<Next> Conversation::read_sign_in(Input& input, Output& output) {
  auto read = lines_.next(input, kMaxSignInLine);
  switch (read.kind) {
    case LineReader::Kind::Line:
      sign_in_line_ = std::move(read.line);
      return work(Job::SignInLine, Lane::Password);
    case LineReader::Kind::Wanting: return Next::bytes();
    case LineReader::Kind::TooLong:
      sign_in_.reset();
      mode_ = Mode::Commands;
      reply(too_long(), output);
      break;
    case LineReader::Kind::Broken: cut(broken_line(), "broken line", output); break;
  }
  return std::nullopt;
}

std::optional<Next> Conversation::read_text(Input& input, Output& output) {
  switch (transaction_->read(input)) {
    case Transaction::Text::More: return Next::bytes();
    case Transaction::Text::Disk: return work(Job::WriteText, Lane::Storage);
    case Transaction::Text::End: return work(Job::EndText, Lane::Storage);
    case Transaction::Text::Hopeless: break;
  }
  cut({552, "5.3.4", "Message is larger than this server takes"}, "endless message", output);
  return std::nullopt;
}

void Conversation::end_text(Output& output) {
  if (auto answer = transaction_->end()) return answer_text(*std::move(answer), output);
  next_job_ = Job::Examine;
}

void Conversation::examine(Output& output) {
  if (transaction_->examine()) return answer_text(transaction_->accept(), output);
  next_job_ = Job::Accept;
}

void Conversation::answer_text(Reply answer, Output& output) {
  mode_ = Mode::Commands;
  // The message is taken for all recipients or for none, so all hear the same.  RFC 2033
  // sections 4.2 and 4.3: one reply for each RCPT that was taken, and none where none was.
  const bool is_over = transaction_->is_over();
  const std::size_t replies = is_lmtp() && is_over ? transaction_->recipients() : 1;
  if (is_over) transaction_.reset();
  if (is_positive(answer)) errors_ = 0;
  if (replies > 0) reply(answer, output);
  for (std::size_t more = 1; more < replies; ++more) write(output, answer);
}

Next Conversation::work(Job job, Lane lane) {
  job_ = job;
  return Next::work(lane);
}

void Conversation::reply(const Reply& reply, Output& output) {
  if (is_clients_error(reply.code) && ++errors_ >= kErrorsUntilGoodbye) {
    return cut({421, "4.7.0", settings().hostname + " Too many errors, goodbye"}, "too many errors",
               output);
  }
  if (is_clients_error(reply.code)) slow_ = errors_ >= kErrorsUntilSlow;
  write(output, reply);
}

void Conversation::cut(const Reply& reply, std::string_view why, Output& output) {
  log.info("smtp cut", {{"session", origin_.peer.session_id},
                        {"address", origin_.peer.shown_address()},
                        {"why", why}});
  write(output, reply);
  closing_ = true;
}

void Conversation::encrypted(const TlsInfo& tls) {
  // Nothing that was said in clear counts any more.  RFC 3207 section 4.2
  tls_ = tls;
  encrypted_ = true;
  origin_.tls_version = tls.version;
  origin_.tls_cipher = tls.cipher;
  origin_.helo.clear();
  origin_.esmtp = false;
  transaction_.reset();
  sign_in_.reset();
  mode_ = Mode::Commands;
}

void Conversation::goodbye(std::string_view reason, Output& output) {
  write(output, {421, "4.3.2", settings().hostname + " " + printable(reason)});
}

void Conversation::timed_out(Output& output) {
  write(output, {421, "4.4.2", settings().hostname + " Timeout, closing the connection"});
}

Next Conversation::overloaded(Output& output) {
  const Reply busy{451, "4.3.2", "Too busy, try again later"};
  switch (std::exchange(job_, Job::None)) {
    case Job::None: break;
    case Job::Command:
      for ([[maybe_unused]] const auto& each : batch_) write(output, busy);
      batch_.clear();
      break;
    case Job::SignInLine:
      sign_in_.reset();
      mode_ = Mode::Commands;
      wipe(sign_in_line_);
      sign_in_line_.clear();
      write(output, {454, "4.7.0", "Too busy, try again later"});
      break;
    case Job::WriteText: transaction_->refuse(busy); break;  // said at the end of the text
    case Job::EndText:
      transaction_->refuse(busy);
      end_text(output);  // never blocks once it is refused
      break;
    case Job::Examine:
    case Job::Accept: answer_text(busy, output); break;
  }
  return Next::pause(kSlow);
}

}  // namespace waxwing::smtp
