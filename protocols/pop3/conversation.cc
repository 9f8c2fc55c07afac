#include "protocols/pop3/conversation.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "protocols/policy.h"

namespace waxwing::pop3 {
namespace {

constexpr int kPatience = 3;
constexpr int kMaxErrors = 10;
constexpr std::chrono::milliseconds kErrorPause{1000};
// RFC 1939 section 3 asks for at least ten minutes.
constexpr std::chrono::seconds kIdleTimeout{600};

bool is_plain_text(std::string_view line) {
  return std::none_of(line.begin(), line.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; });
}

// A web page may make its browser talk to us; nothing of that may be read as a command.
bool is_http(std::string_view line) {
  return line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0");
}

}  // namespace

std::unique_ptr<Session> make_session(Peer peer, Services services) {
  return std::make_unique<Conversation>(std::move(peer), std::move(services));
}

Conversation::Conversation(Peer peer, Services services)
    : peer_(std::move(peer)), services_(std::move(services)), read_ahead_(services_.run_beside) {}

void Conversation::greet(Output& output) {
  output << "+OK " << services_.settings->hostname << " POP3 ready\r\n";
}

Next Conversation::consume(Input& input, Output& output) {
  for (;;) {
    if (task_) return Next::work(task_->lane);
    if (end_) return *end_;
    if (pause_.count() > 0) return Next::pause(std::exchange(pause_, {}));
    if (output.is_full()) {
      task_ = Task{Lane::Storage, &Conversation::wait_for_room, {}};
      continue;
    }
    const std::size_t limit = state() == kTransaction ? kMaxCommandLine : kMaxSignInLine;
    auto read = reader_.next(input, limit);
    switch (read.kind) {
      case LineReader::Kind::Wanting: return Next::bytes();
      case LineReader::Kind::TooLong:
        dialog_.reset();
        reject("Line is too long", output);
        break;
      case LineReader::Kind::Line: take_line(std::move(read.line), output); break;
    }
  }
}

void Conversation::take_line(std::string line, Output& output) {
  if (dialog_) {
    task_ = Task{Lane::Password, &Conversation::respond, std::move(line)};
    return;
  }
  if (is_http(line)) {
    end_ = Next::close();
    return;
  }
  if (!is_plain_text(line)) return reject("Not a command", output);
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string name = to_upper(std::string_view(line).substr(0, space));
  for (const Command& command : commands()) {
    if (command.name != name) continue;
    if (!(command.states & state())) return refuse_state(output);
    // All behind one space: a password may begin with another.
    Task task{command.lane.value_or(Lane::Storage), command.handler,
              space < line.size() ? line.substr(space + 1) : std::string()};
    wipe(line);
    if (command.at_once && (this->*command.at_once)(task.argument, output)) return;
    if (command.lane) {
      task_ = std::move(task);
    } else {
      execute(std::move(task), output);
    }
    return;
  }
  reject("Unknown command", output);
}

void Conversation::refuse_state(Output& output) {
  switch (state()) {
    case kLocked:
      return reject("This port needs TLS: send STLS, or choose SSL/TLS in your mail program",
                    output);
    case kAuthorization: return reject("Sign in first", output);
    case kTransaction: return reject("You are signed in already", output);
    case kAny: break;
  }
}

void Conversation::reject(std::string_view text, Output& output) {
  if (++errors_ >= kMaxErrors) {
    output << "-ERR Too many errors, goodbye\r\n";
    end_ = Next::close();
    return;
  }
  output << "-ERR " << text << "\r\n";
  if (errors_ > kPatience) pause_ = kErrorPause;
}

Progress Conversation::run(Output& output) {
  Task task = std::move(*task_);
  task_.reset();
  const bool is_secret = task.lane == Lane::Password;
  const Progress progress = (this->*task.handler)(task.argument, output);
  if (progress == Progress::Done) {
    if (is_secret) wipe(task.argument);
  } else {
    task_ = std::move(task);
  }
  return progress;
}

// A listing that begins on the loop thread and fills the output goes on as a worker's task.
void Conversation::execute(Task task, Output& output) {
  const Progress progress = (this->*task.handler)(task.argument, output);
  if (progress != Progress::Done) task_ = std::move(task);
}

// The connection calls consume() again only when the client has read most of the output.
Progress Conversation::wait_for_room(const std::string&, Output&) {
  return Progress::Done;
}

Next Conversation::changed(MailboxId, Output&) {
  return Next::bytes();
}

Next Conversation::tick(Output&) {
  return Next::bytes();
}

void Conversation::encrypted(const TlsInfo& tls) {
  tls_ = tls;
  encrypted_ = true;
  end_.reset();
  // What the client said in clear is not to be trusted.  RFC 2595 section 4
  claimed_user_.clear();
  errors_ = 0;
}

Next Conversation::overloaded(Output& output) {
  const bool is_cut = writer_ || next_number_ > 0;
  const bool is_command = task_ && task_->handler != &Conversation::wait_for_room;
  const bool is_quit = task_ && task_->handler == &Conversation::update;
  task_.reset();
  if (!is_command) return Next::bytes();
  if (is_quit) {
    output << "-ERR [SYS/TEMP] Too busy, deleted messages were not removed\r\n";
    return Next::close();
  }
  dialog_.reset();
  identity_.reset();
  if (is_cut) return Next::close();  // in the middle of a listing or message nothing can be said
  output << "-ERR [SYS/TEMP] Too busy, try again later\r\n";
  return Next::bytes();
}

// POP3 knows no word for it, and RFC 1939 section 3 asks for a silent close on a timeout.
void Conversation::goodbye(std::string_view, Output&) {}
void Conversation::timed_out(Output&) {}

std::chrono::seconds Conversation::idle_timeout() const {
  return maildrop_ ? kIdleTimeout : services_.settings->limits.login_timeout;
}

Conversation::State Conversation::state() const {
  if (maildrop_) return kTransaction;
  return peer_.only_starttls && !encrypted_ ? kLocked : kAuthorization;
}

bool Conversation::may_send_password() const {
  return waxwing::may_send_password(*services_.settings, peer_, encrypted_);
}

Authenticator::Offer Conversation::offer() const {
  return {.clear_passwords_allowed = may_send_password(),
          .channel_binding = !tls_.exporter.empty() || !tls_.server_end_point.empty()};
}

SignInContext Conversation::sign_in_context() const {
  return {peer_.session_id, peer_.address, to_string(peer_.service),
          tls_.version,     tls_.exporter, tls_.server_end_point};
}

}  // namespace waxwing::pop3
