#include "protocols/imap/session.h"

#include <algorithm>

#include "base/text.h"
#include "protocols/imap/capability.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/extensions_used.h"
#include "protocols/imap/framer.h"
#include "protocols/imap/metadata.h"
#include "protocols/imap/parser.h"
#include "protocols/imap/table.h"
#include "protocols/imap/telling.h"

// How a command goes: consume() takes it out of the input (Framer), understands it (parse), looks
// it up (table) and makes its Task. The task runs at once or on its lane, in steps; then the client
// is told what is new in its mailbox, as far as the command's row allows; then comes the tagged
// line. Nothing is read while a command is under way, so commands never overlap.

namespace waxwing::imap {
namespace {

// A client that keeps sending rubbish is first slowed down, then sent away.
constexpr int kFreeErrors = 3;
constexpr int kMostErrors = 20;
constexpr int kMostErrorsBeforeSignIn = 10;
constexpr int kMostFailedSignIns = 6;
constexpr std::chrono::milliseconds kErrorPause{1000};
constexpr std::chrono::seconds kNoticeEvery{10};

// The command under way.
struct Current {
  enum class Phase { Begin, Run, Line, Tell, Update };
  std::string tag;
  const Entry* entry = nullptr;
  std::unique_ptr<Task> task;
  Phase phase = Phase::Begin;
  Steady next_notice;  // of its progress
};

class ImapSession final : public waxwing::Session {
 public:
  ImapSession(Peer peer, Services services)
      : conversation_(std::move(peer), std::move(services)), framer_(Framer::kBeforeSignIn) {}

  void greet(Output& output) override;
  Next consume(Input& input, Output& output) override;
  Progress run(Output& output) override;
  Next changed(MailboxId mailbox, Output& output) override;
  Next tick(Output& output) override;
  void encrypted(const TlsInfo& tls) override;
  void goodbye(std::string_view reason, Output& output) override;
  void timed_out(Output& output) override;
  Next overloaded(Output& output) override;
  bool is_amid_message() const override { return conversation_.upload != nullptr; }
  std::chrono::seconds idle_timeout() const override;
  std::chrono::seconds keep_alive() const override;
  const std::string& user() const override;

 private:
  // These return what the session waits for, or nothing when consume() can go on.
  std::optional<Next> read_command(Input& input, Output& output);
  std::optional<Next> read_line(Input& input, Output& output);
  std::optional<Next> on_literal(const Framed& framed, Output& output);
  std::optional<Next> on_data(Framed framed);
  std::optional<Next> on_command(const RawCommand& raw, Output& output);
  std::optional<Next> proceed(Output& output);
  std::optional<Next> ending();

  Progress advance(Output& output);
  bool tell_changes(bool may_expunge, Output& output);
  Progress update(Output& output);
  Telling::Moment moment() const;
  bool has_push() const { return telling_.has_push(moment()); }
  Lane push_lane() const { return telling_.wants_update() ? Lane::Search : Lane::Storage; }
  void tell_progress(Output& output);
  void finish(Output& output);
  void answer(Reply reply, Output& output);
  void reject(std::string_view tag, std::string_view text, Output& output);
  void count_error(Output& output);
  std::string in_language(std::string_view response) const {
    return translated_response(response, conversation_.dialect.language);
  }
  bool is_idling() const { return current_ && current_->task->is_idling(); }
  bool is_amid_line() const {
    return (current_ && current_->task->is_amid_line()) || telling_.is_amid_line();
  }

  Conversation conversation_;
  Framer framer_;
  std::optional<Current> current_;
  Telling telling_{conversation_};
  bool is_on_loop_ = false;  // the current command is tried there
  // The worker's next task for the upload: to open the mailbox, or to stage what came.
  enum class UploadWork { None, Begin, Write };
  UploadWork upload_work_ = UploadWork::None;
  int errors_ = 0;
  std::chrono::milliseconds pause_{0};
};

void ImapSession::greet(Output& output) {
  output << "* OK [CAPABILITY " << capabilities(conversation_) << "] "
         << conversation_.services.settings->hostname << " Waxwing is ready\r\n";
}

Next ImapSession::consume(Input& input, Output& output) {
  while (true) {
    if (const auto next = ending()) return *next;
    if (pause_.count() > 0) return Next::pause(std::exchange(pause_, {}));
    // A client that pipelines commands and reads nothing waits as one that fetches does.
    if (output.is_full()) return Next::work(Lane::Storage);
    if (has_push()) return Next::work(push_lane());
    const auto next = current_ ? read_line(input, output) : read_command(input, output);
    if (next) return *next;
  }
}

std::optional<Next> ImapSession::ending() {
  switch (conversation_.ending) {
    case Conversation::Ending::None: return std::nullopt;
    case Conversation::Ending::StartTls: return Next::start_tls();
    case Conversation::Ending::Compress:
      conversation_.ending = Conversation::Ending::None;
      return Next::compress();
    case Conversation::Ending::Plain:
      conversation_.ending = Conversation::Ending::None;
      return Next::plain();
    case Conversation::Ending::Close: return Next::close();
  }
  return std::nullopt;
}

std::optional<Next> ImapSession::read_command(Input& input, Output& output) {
  Framed framed = framer_.next(input);
  switch (framed.kind) {
    case Framed::Kind::NeedMore: return input.ended() ? Next::close() : Next::bytes();
    case Framed::Kind::Literal: return on_literal(framed, output);
    case Framed::Kind::Data: return on_data(std::move(framed));
    case Framed::Kind::Command: return on_command(framed.command, output);
    case Framed::Kind::Rejected: reject(framed.tag, framed.text, output); return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Next> ImapSession::on_literal(const Framed& framed, Output& output) {
  const std::string name = framer_.so_far().name();
  if (conversation_.identity && AppendReader::reads(name)) {
    if (!is_legal(find_entry(name)->states, conversation_.state())) {
      framer_.refuse("BAD No mailbox is selected");
      return std::nullopt;
    }
    if (!conversation_.upload) conversation_.upload = std::make_unique<Upload>();
    const auto literal = conversation_.upload->announced(framer_.so_far());
    if (!literal) {
      conversation_.upload.reset();
      framer_.refuse("BAD " + literal.error().text);
      return std::nullopt;
    }
    if (*literal == AppendReader::Literal::Text) {
      // The mailbox is opened when the message is put there, which saves a worker.
      if (!framed.is_synchronising && conversation_.upload->may_wait()) {
        (void)framer_.accept_staged();  // nobody waits for a "+"
        return std::nullopt;
      }
      upload_work_ = UploadWork::Begin;
      return Next::work(Lane::Storage);
    }
  }
  if (framer_.accept_in_memory()) output << "+ OK\r\n";
  return std::nullopt;
}

std::optional<Next> ImapSession::on_data(Framed framed) {
  if (!conversation_.upload) return std::nullopt;
  if (conversation_.upload->add(std::move(framed.data), conversation_)) return std::nullopt;
  upload_work_ = UploadWork::Write;
  return Next::work(Lane::Storage);
}

std::optional<Next> ImapSession::on_command(const RawCommand& raw, Output& output) {
  auto command = parse(raw);
  if (!command) {
    // Somebody takes this for a web server, and whatever follows is not for us either.
    if (!conversation_.identity && raw.text.find(" HTTP/1.") != std::string::npos) {
      goodbye("This is an IMAP server", output);
      return std::nullopt;
    }
    reject(command.error().tag, "BAD " + command.error().text, output);
    return std::nullopt;
  }
  const Entry* entry = find_entry(command->name);
  if (!entry || (!entry->extension.empty() && !conversation_.offers(entry->extension))) {
    reject(command->tag, "BAD Unknown command", output);
    return std::nullopt;
  }
  for (const std::string& extension : extensions_used(*command)) {
    if (conversation_.offers(extension)) continue;
    reject(command->tag, "BAD " + extension + " is not spoken here", output);
    return std::nullopt;
  }
  // Who turns to another mailbox now need not learn it.
  if (conversation_.selected && conversation_.selected->mailbox().is_gone() &&
      entry->numbers != Numbers::Keep) {
    telling_.mailbox_gone(output);
    return std::nullopt;
  }
  if (!is_legal(entry->states, conversation_.state())) {
    reject(command->tag,
           conversation_.identity ? entry->states == In::Selected ? "BAD No mailbox is selected"
                                                                  : "BAD You are signed in already"
                                  : "BAD Sign in first",
           output);
    return std::nullopt;
  }
  current_.emplace();
  current_->tag = command->tag;
  current_->next_notice = conversation_.services.clock.steady() + kNoticeEvery;
  current_->entry = entry;
  current_->task = entry->handler(std::move(*command));
  if (conversation_.dialect.uid_only && (has_numbers(*entry) || current_->task->has_numbers())) {
    const std::string tag = current_->tag;
    current_.reset();
    reject(tag, "BAD [UIDREQUIRED] There are no message numbers in this session", output);
    return std::nullopt;
  }
  return proceed(output);
}

std::optional<Next> ImapSession::read_line(Input& input, Output& output) {
  Framed framed = framer_.line(input);
  switch (framed.kind) {
    case Framed::Kind::Data:
      current_->task->line(std::move(framed.data));
      current_->phase = Current::Phase::Run;
      return proceed(output);
    case Framed::Kind::Rejected: {
      const std::string tag = current_->tag;
      current_.reset();
      reject(tag, framed.text, output);
      return std::nullopt;
    }
    default: return input.ended() ? Next::close() : Next::bytes();
  }
}

// Runs the current command here when it does not block, else asks for a worker.
std::optional<Next> ImapSession::proceed(Output& output) {
  Lane lane = Lane::Storage;
  switch (current_->entry->lane) {
    case On::Loop:
    case On::Storage: break;
    case On::Search: lane = Lane::Search; break;
    case On::Password: lane = Lane::Password; break;
  }
  if (current_->entry->lane != On::Loop && !current_->task->is_quick(conversation_)) {
    return Next::work(lane);
  }
  is_on_loop_ = true;
  const Progress progress = advance(output);
  is_on_loop_ = false;
  if (progress == Progress::Done) return std::nullopt;
  return Next::work(current_ && current_->phase == Current::Phase::Update ? Lane::Search : lane);
}

Progress ImapSession::run(Output& output) {
  if (output.is_full()) return Progress::Again;
  if (has_push()) return telling_.push(moment(), output);
  switch (std::exchange(upload_work_, UploadWork::None)) {
    case UploadWork::None: break;
    case UploadWork::Write: conversation_.upload->write(conversation_); return Progress::Done;
    case UploadWork::Begin:
      if (const auto refusal = conversation_.upload->begin(conversation_)) {
        conversation_.upload.reset();
        framer_.refuse(refusal->to_string());
      } else if (framer_.accept_staged()) {
        output << "+ OK\r\n";
      }
      return Progress::Done;
  }
  return current_ ? advance(output) : Progress::Done;
}

Telling::Moment ImapSession::moment() const {
  if (is_idling()) return Telling::Moment::Idle;
  return current_ ? Telling::Moment::InCommand : Telling::Moment::BetweenCommands;
}

Progress ImapSession::advance(Output& output) {
  if (current_->phase == Current::Phase::Begin) {
    // FETCH, STORE and SEARCH see the mailbox as it is now, not as it was when it was last told of;
    // but for what is expunged: the numbers that the client sent are those it knows.
    const Entry& entry = *current_->entry;
    const bool reads = entry.states == In::Selected || entry.lane == On::Search;
    if (conversation_.selected && entry.numbers != Numbers::Keep) {
      // What was begun comes first: it speaks of the mailbox as it was.
      if (telling_.is_updating()) {
        if (const Progress progress = update(output); progress != Progress::Done) return progress;
        if (is_amid_line()) return Progress::Done;
      }
      if (reads && !tell_changes(false, output)) return Progress::Again;
      if (!conversation_.selected) {
        current_.reset();
        return Progress::Done;
      }
    }
    current_->phase = Current::Phase::Run;
  }
  if (current_->phase == Current::Phase::Run) {
    switch (current_->task->run(conversation_, output)) {
      case Step::Again: return Progress::Again;
      case Step::Yield: tell_progress(output); return Progress::Yield;
      case Step::Line: current_->phase = Current::Phase::Line; break;
      case Step::Done: current_->phase = Current::Phase::Tell; break;
    }
    if (current_->phase == Current::Phase::Tell && current_->task->is_amid_line()) {
      conversation_.ending = Conversation::Ending::Close;
      return Progress::Done;
    }
  }
  if (current_->phase == Current::Phase::Line) {
    if (is_idling() && !tell_changes(true, output)) return Progress::Again;
    return Progress::Done;
  }
  const Numbers numbers = current_->entry->numbers;
  const bool may_expunge = numbers == Numbers::Free && !current_->task->has_numbers();
  if (current_->phase == Current::Phase::Tell) {
    if (numbers != Numbers::Keep && !tell_changes(may_expunge, output)) return Progress::Again;
    current_->phase = Current::Phase::Update;
  }
  if (numbers != Numbers::Keep) {
    if (const Progress progress = update(output); progress != Progress::Done) return progress;
    if (is_amid_line()) return Progress::Done;
  }
  finish(output);
  return Progress::Done;
}

// The task is done, and what there is to tell is told.
void ImapSession::finish(Output& output) {
  Reply reply = current_->task->reply();
  const bool keeps = current_->entry->numbers == Numbers::Keep;
  if (conversation_.dialect.qresync && conversation_.selected && !keeps) {
    const std::string code =
        "HIGHESTMODSEQ " + std::to_string(conversation_.selected->view().highest_modseq());
    if (reply.tells_modseq) {
      reply.code = code;
    } else if (conversation_.selected->is_behind()) {
      // It has met higher ones, and does not know of an expunge below them.  RFC 7162 section 3.2
      output << "* OK [" << code << "] Not all is told yet\r\n";
    }
  }
  answer(std::move(reply), output);
}

// False: the output is full and there is more to tell.
bool ImapSession::tell_changes(bool may_expunge, Output& output) {
  // What it has expunged itself is an answer to its command.
  const bool has_expunged = current_ && current_->task->reply().tells_modseq;
  return telling_.changes({.may_expunge = may_expunge, .has_expunged = has_expunged}, output);
}

// What is new means for the results of searches. On the loop thread a worker is asked for.
Progress ImapSession::update(Output& output) {
  if (is_on_loop_ && telling_.wants_update()) return Progress::Yield;
  return telling_.update(output);
}

// Whoever waits for a long command learns that it is under way.  RFC 9585
void ImapSession::tell_progress(Output& output) {
  const Steady now = conversation_.services.clock.steady();
  if (now < current_->next_notice || is_amid_line()) return;
  current_->next_notice = now + kNoticeEvery;
  output << "* OK ";
  if (conversation_.offers("INPROGRESS")) {
    output << "[INPROGRESS (" << to_string(current_->tag);
    if (const auto extent = current_->task->extent()) {
      output << " " << std::to_string(extent->done) << " " << std::to_string(extent->goal);
    } else {
      output << " NIL NIL";
    }
    output << ")] ";
  }
  output << translated("Still at it", conversation_.dialect.language) << "\r\n";
}

void ImapSession::answer(Reply reply, Output& output) {
  const std::string tag = current_->tag;
  const bool is_sign_in = current_->entry->states == In::NotAuthenticated;
  current_.reset();
  conversation_.upload.reset();
  output << tag << " " << in_language(reply.to_string()) << "\r\n";
  if (reply.kind == Reply::Kind::Bad) {
    count_error(output);
    return;
  }
  errors_ = 0;
  if (!is_sign_in && !conversation_.identity) {
    framer_.set_limits(Framer::kBeforeSignIn);
    telling_.forget();
  }
  if (!is_sign_in) return;
  if (conversation_.identity) {
    framer_.set_limits(Framer::kSignedIn);
  } else if (conversation_.failed_sign_ins >= kMostFailedSignIns) {
    goodbye("Too many failed attempts to sign in", output);
  }
}

void ImapSession::reject(std::string_view tag, std::string_view text, Output& output) {
  conversation_.upload.reset();
  output << (tag.empty() ? "*" : tag) << " " << in_language(text) << "\r\n";
  // A refused literal is the mailbox's fault, not a client's that cannot speak.
  if (text.starts_with("BAD")) count_error(output);
}

void ImapSession::count_error(Output& output) {
  ++errors_;
  const int most = conversation_.identity ? kMostErrors : kMostErrorsBeforeSignIn;
  if (errors_ >= most) {
    goodbye("Too many errors", output);
  } else if (errors_ > kFreeErrors) {
    pause_ = kErrorPause;
  }
}

Next ImapSession::changed(MailboxId mailbox, Output& output) {
  if (telling_.heard(mailbox, moment())) return Next::work(push_lane());
  if (conversation_.notifications || telling_.is_updating()) return Next::bytes();
  if (is_idling() && mailbox == kAnnotations && conversation_.dialect.metadata) {
    (void)tell_annotated(conversation_, output);
  }
  if (!is_idling() || !conversation_.selected) return Next::bytes();
  if (conversation_.selected->mailbox().id() != mailbox) return Next::bytes();
  if (!tell_changes(true, output)) return Next::work(Lane::Storage);
  if (has_push()) return Next::work(push_lane());
  return ending().value_or(Next::bytes());
}

Next ImapSession::tick(Output& output) {
  if (is_idling()) output << "* " << in_language("OK Still here") << "\r\n";
  return Next::bytes();
}

void ImapSession::encrypted(const TlsInfo& tls) {
  conversation_.tls = tls;
  conversation_.ending = Conversation::Ending::None;
  // What was said in clear may be an attacker's words.  RFC 9051 section 6.2.1, RFC 5255 section 7
  conversation_.dialect = {};
  framer_ = Framer(Framer::kBeforeSignIn);
  errors_ = 0;
  conversation_.failed_sign_ins = 0;
}

void ImapSession::goodbye(std::string_view reason, Output& output) {
  if (!is_amid_line()) {
    output << "* BYE " << translated(reason, conversation_.dialect.language) << "\r\n";
  }
  conversation_.ending = Conversation::Ending::Close;
}

void ImapSession::timed_out(Output& output) {
  goodbye("You have been silent for too long", output);
}

Next ImapSession::overloaded(Output& output) {
  const Reply reply = Reply::no("The server is busy, try again later", "UNAVAILABLE");
  if (std::exchange(upload_work_, UploadWork::None) == UploadWork::Begin) {
    conversation_.upload.reset();
    framer_.refuse(reply.to_string());
  } else if (is_amid_line()) {
    conversation_.ending = Conversation::Ending::Close;
  } else if (is_idling()) {
    // What is to be told waits; the client's command goes on.
  } else if (current_ && current_->entry->handler == find_entry("UNAUTHENTICATE")->handler) {
    // It is never refused: what a client sends behind it is meant for somebody else.
    // RFC 8437 section 3
    goodbye("The server is busy, try again later", output);
  } else if (current_ && current_->phase == Current::Phase::Update) {
    // The command itself is done; what that means for results is told another time.
    finish(output);
  } else if (current_) {
    answer(reply, output);
  } else if (conversation_.upload) {
    conversation_.upload->fail(reply);
  }
  // A moment's pause, after which the input is looked at again.
  return ending().value_or(Next::pause(std::chrono::milliseconds(100)));
}

std::chrono::seconds ImapSession::idle_timeout() const {
  if (!conversation_.identity) return conversation_.services.settings->limits.login_timeout;
  // IDLE ends when the connection breaks, which the keep-alive finds out.
  if (is_idling()) return std::chrono::hours(24 * 365);
  return std::chrono::minutes(30);  // RFC 9051 section 5.4
}

std::chrono::seconds ImapSession::keep_alive() const {
  return is_idling() ? std::chrono::seconds(120) : std::chrono::seconds(0);
}

const std::string& ImapSession::user() const {
  static const std::string nobody;
  return conversation_.identity ? conversation_.identity->address : nobody;
}

}  // namespace

std::unique_ptr<waxwing::Session> make_session(Peer peer, Services services) {
  return std::make_unique<ImapSession>(std::move(peer), std::move(services));
}

}  // namespace waxwing::imap
