#include "daemon/connection.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <utility>

#include "base/log.h"

namespace waxwing {

namespace {

// More than that and the client has to read before the session gets another word.
constexpr std::uint64_t kHighWater = Output::kFull;
constexpr std::uint64_t kLowWater = Output::kFull / 4;
// One connection's share of a turn of the loop.
constexpr std::uint64_t kShare = 1024 * 1024;
constexpr int kTurns = 64;
constexpr std::uint64_t kRecord = 16 * 1024;  // of TLS
// A sign-in takes seconds at most: changes of more accounts than this meanwhile are not expected.
constexpr std::size_t kMaxRevoked = 64;

// For reading and for copying; one for each loop thread, so that idle connections own no buffers.
std::span<char> scratch() {
  thread_local std::array<char, 64 * 1024> space;
  return space;
}

}  // namespace

Connection::Connection(Host& host, Accepted accepted)
    : host_(host),
      accepted_(std::move(accepted)),
      peer_(accepted_.peer),
      transport_(std::move(accepted_.socket)),
      accepted_at_(Steady::now()),
      stranger_since_(accepted_at_),
      phase_since_(accepted_at_),
      heard_at_(accepted_at_),
      said_at_(accepted_at_),
      since_(std::time(nullptr)),
      readable_(host.loop, Event::Kind::Readable, transport_.fd(), [this] { on_readable(); }),
      writable_(host.loop, Event::Kind::Writable, transport_.fd(),
                [this] {
                  write_blocked_ = false;
                  read_blocked_ = false;
                  phase_ == Phase::Handshaking ? shake_hands() : pump();
                }),
      timer_(host.loop, [this] { on_timer(); }) {}

Connection::~Connection() {
  if (wakeups_) wakeups_->detach();
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  phase_since_ = Steady::now();
}

bool Connection::may_read() const {
  switch (phase_) {
    case Phase::Introducing:
    case Phase::Sniffing:
    case Phase::Handshaking:
    case Phase::Lingering: return true;
    case Phase::Talking:
      return sender_.size() < kHighWater && !input_.ended() && !read_blocked_ &&
             input_.size() < session_->input_limit();
    case Phase::Working:
    case Phase::Full:
    case Phase::Pausing:
    case Phase::Upgrading:
    case Phase::Closing:
    case Phase::Dead: return false;
  }
  return false;
}

void Connection::on_readable() {
  // The event stays on while a command runs: most end before the client says more, and that saves
  // two system calls for each of them.
  if (!may_read()) return readable_.remove();
  switch (phase_) {
    case Phase::Introducing: return introduce();
    case Phase::Sniffing: return sniff();
    case Phase::Handshaking: return shake_hands();
    case Phase::Lingering: return linger();
    default: break;
  }
  read_input();
  pump();
}

void Connection::read_input() {
  const std::span<char> space = scratch();
  while (may_read()) {
    const std::size_t room = std::min(space.size(), session_->input_limit() - input_.size());
    const auto moved = receive(space.first(room));
    switch (moved.kind) {
      case Transport::Moved::Kind::Some: break;
      case Transport::Moved::Kind::WaitToWrite:
        // TLS has an answer of its own to send first. Until then reading would get nowhere, and the
        // socket would call for it all the time.
        read_blocked_ = true;
        writable_.add();
        return;
      case Transport::Moved::Kind::WaitToRead: return;
      case Transport::Moved::Kind::Ended:
        input_.end();
        due_ = true;
        return;
      case Transport::Moved::Kind::Broken:
        debug("read-failed", transport_.trouble());
        return abort();
    }
    const std::string_view bytes(space.data(), moved.count);
    if (!transport_.is_encrypted() && !std::exchange(heard_, true) &&
        classify(bytes) == FirstBytes::Hello) {
      note_hello();
      return abort();
    }
    input_.append(bytes);
    heard_at_ = Steady::now();
    due_ = true;
    if (moved.count < room && !has_pending()) return;  // most likely that was all
  }
}

// As Transport::read(), with what the client means in place of what it sent.
Transport::Moved Connection::receive(std::span<char> space) {
  if (!inflater_) return transport_.read(space);
  for (int turns = 0; turns < kTurns; ++turns) {
    const auto next = inflater_->next(space);
    switch (next.kind) {
      case Inflater::Next::Kind::Some: return {Transport::Moved::Kind::Some, next.count};
      case Inflater::Next::Kind::Ended: return {Transport::Moved::Kind::Ended};
      case Inflater::Next::Kind::Damaged:
        goodbye_ = "What you sent is no DEFLATE";
        ending_ = Ending::Now;
        return {Transport::Moved::Kind::WaitToRead};
      case Inflater::Next::Kind::Hungry: break;
    }
    std::array<char, 4096> some;
    const auto moved = transport_.read(some);
    if (moved.kind != Transport::Moved::Kind::Some) return moved;
    inflater_->feed({some.data(), moved.count});
  }
  // A client may send for ever what comes to nothing: others have their turn.
  host_.loop.post([&host = host_, number = accepted_.number] { host.wake(number); });
  return {Transport::Moved::Kind::WaitToRead};
}

bool Connection::has_pending() const {
  return transport_.has_pending() || (inflater_ && inflater_->has_more());
}

void Connection::pump() {
  if (std::exchange(pumping_, true)) return;
  for (int turns = 0; step();) {
    if (++turns < kTurns) continue;
    // A client that keeps up with us could keep the loop to itself.
    host_.loop.post([&host = host_, number = accepted_.number] { host.wake(number); });
    break;
  }
  pumping_ = false;
  if (phase_ == Phase::Dead) return;
  if (sender_.empty()) {
    if (phase_ == Phase::Upgrading) return upgrade();
    if (phase_ == Phase::Closing) return linger();
  }
  if (may_read()) readable_.add();
  arm();
}

bool Connection::step() {
  if (phase_ == Phase::Dead) return false;
  if (phase_ != Phase::Working) take_output();
  if (phase_ == Phase::Talking && talk()) return true;
  if (phase_ == Phase::Full && sender_.size() <= kLowWater) {
    submit(lane_);
    return true;
  }
  return !sender_.empty() && !write_blocked_ && send_some();
}

void Connection::take_output() {
  if (sender_.empty() && !output_.empty()) unread_since_ = Steady::now();
  sender_.take(output_);
}

// Gives the session its next word, if it is its turn.
bool Connection::talk() {
  if (is_time_for_goodbye()) {
    say_goodbye();
    return true;
  }
  if (sender_.size() >= kHighWater) return false;
  if (due_) {
    due_ = false;
    follow(session_->consume(input_, output_));
    return true;
  }
  if (input_.ended()) {
    enter(Phase::Closing);
    return true;
  }
  if (const auto mailbox = wakeups_->next()) {
    follow(session_->changed(*mailbox, output_));
    return true;
  }
  if (has_pending() && may_read()) {
    read_input();
    return due_ || is_time_for_goodbye();
  }
  return false;
}

void Connection::follow(Next next) {
  note_user();
  if (!output_.empty()) said_at_ = Steady::now();
  switch (next.kind) {
    case Next::Kind::Bytes:
      // A session that neither reads nor makes room would wait for ever.
      if (input_.size() >= session_->input_limit()) {
        log.error("input-not-consumed", {{"session", peer_.session_id}});
        goodbye_ = "internal error";
        ending_ = Ending::Now;
      }
      return;
    case Next::Kind::Work: return submit(next.lane);
    case Next::Kind::Pause: pause_ = next.time; return enter(Phase::Pausing);
    case Next::Kind::StartTls:
      // A client may not pipeline behind STARTTLS; whatever it sent is an attacker's, what waits in
      // the socket as well as what was read.  RFC 3207 section 4.2
      input_.clear();
      if (!transport_.discard_arrived()) return enter(Phase::Closing);
      upgrade_ = next.kind;
      return enter(Phase::Upgrading);
    case Next::Kind::Plain: sender_.end_compression(); [[fallthrough]];
    case Next::Kind::Compress: upgrade_ = next.kind; return enter(Phase::Upgrading);
    case Next::Kind::Close: return enter(Phase::Closing);
  }
}

void Connection::upgrade() {
  switch (upgrade_) {
    case Next::Kind::Compress: return start_compression();
    case Next::Kind::Plain: return end_compression();
    default: return start_tls();
  }
}

// Whatever has come behind the command is compressed already.  RFC 4978 section 3
void Connection::start_compression() {
  sender_.compress();
  inflater_ = std::make_unique<Inflater>();
  inflater_->feed(input_.view());
  input_.clear();
  enter(Phase::Talking);
  pump();
}

// The client's stream may have ended; what follows that end does not end with it.
void Connection::end_compression() {
  Input rest;
  rest.append(input_.view());
  rest.append(inflater_->rest());
  input_ = std::move(rest);
  inflater_.reset();
  due_ = !input_.empty();
  enter(Phase::Talking);
  pump();
}

void Connection::note_user() {
  if (user_ == session_->user()) return;
  user_ = session_->user();
  // UNAUTHENTICATE: from now on it has as long to sign in as any other.
  if (user_.empty()) stranger_since_ = Steady::now();
  if (std::find(revoked_.begin(), revoked_.end(), user_) != revoked_.end()) {
    goodbye_ = "This account has changed: sign in again";
  }
  revoked_.clear();
}

bool Connection::is_time_for_goodbye() const {
  return goodbye_ && (ending_ == Ending::Now || !session_->is_amid_message());
}

void Connection::say_goodbye() {
  session_->goodbye(*goodbye_, output_);
  enter(Phase::Closing);
}

void Connection::submit(Lane lane) {
  take_output();  // the worker starts with an empty output, and the client reads meanwhile
  lane_ = lane;
  queued_too_long_ = false;
  enter(Phase::Working);
  const auto ticket = host_.lanes.submit(lane, [this] {
    std::optional<Progress> progress;
    try {
      progress = session_->run(output_);
    } catch (const std::exception& error) {
      log.error("command-failed", {{"session", peer_.session_id}, {"error", error.what()}});
    }
    host_.loop.post([this, progress] { ran(progress); });
  });
  if (!ticket) return overloaded();
  ticket_ = *ticket;
}

void Connection::overloaded() {
  log.warning("overloaded", {{"session", peer_.session_id}});
  enter(Phase::Talking);
  due_ = true;
  follow(session_->overloaded(output_));
}

void Connection::ran(std::optional<Progress> progress) {
  enter(Phase::Talking);
  if (doomed_ || !progress) return abort();
  heard_at_ = phase_since_;
  switch (*progress) {
    case Progress::Done:
      due_ = true;
      note_user();
      break;
    case Progress::Again: enter(Phase::Full); break;
    case Progress::Yield:
      // Nobody waits for the result of a long search whose client has gone.
      if (lane_ == Lane::Search && input_.empty() && transport_.is_client_gone()) return abort();
      submit(lane_);
      break;
  }
  pump();
}

bool Connection::send_some() {
  const bool is_long = transport_.is_encrypted() && sender_.size() > kRecord;
  if (is_long) transport_.cork(true);
  const bool sent = send_share();
  if (is_long && phase_ != Phase::Dead) transport_.cork(false);
  return sent;
}

bool Connection::send_share() {
  // What compresses well is little to send, but as much work.
  const std::uint64_t before = sender_.size();
  bool has_sent = false;
  while (!sender_.empty()) {
    if (before >= sender_.size() + kShare) {
      write_blocked_ = true;
      writable_.add();
      return false;
    }
    std::string_view bytes = sender_.front(scratch());
    if (bytes.empty()) {
      log.error("file-cut-short", {{"session", peer_.session_id}});
      abort();
      return false;
    }
    // TLS takes one record at a time.
    std::uint64_t taken = 0;
    while (!bytes.empty()) {
      const auto moved = transport_.write(bytes);
      switch (moved.kind) {
        case Transport::Moved::Kind::Some: break;
        case Transport::Moved::Kind::WaitToRead:
        case Transport::Moved::Kind::WaitToWrite:
          sender_.consume(taken);
          if (taken > 0) said_at_ = Steady::now();
          write_blocked_ = true;
          writable_.add();
          return has_sent || taken > 0;
        case Transport::Moved::Kind::Ended:
        case Transport::Moved::Kind::Broken:
          debug("write-failed", transport_.trouble());
          abort();
          return false;
      }
      bytes.remove_prefix(moved.count);
      taken += moved.count;
    }
    sender_.consume(taken);
    has_sent = true;
    said_at_ = Steady::now();
  }
  return true;
}

// Closing at once while unread bytes wait makes the kernel send a reset, which can destroy our last
// words before the client reads them.
void Connection::linger() {
  if (phase_ != Phase::Lingering) {
    enter(Phase::Lingering);
    transport_.finish_writing();
    if (input_.ended()) return abort();
    readable_.add();
    arm();
  }
  if (!transport_.discard_arrived() || transport_.is_client_gone()) abort();
}

void Connection::end(std::string reason, Ending ending) {
  switch (phase_) {
    case Phase::Introducing:
    case Phase::Sniffing:
    case Phase::Handshaking:
    case Phase::Upgrading: return abort();
    case Phase::Pausing: enter(Phase::Talking); break;
    case Phase::Talking:
    case Phase::Working:
    case Phase::Full: break;
    case Phase::Closing:
    case Phase::Lingering:
    case Phase::Dead: return;
  }
  goodbye_ = std::move(reason);
  ending_ = ending;
  pump();
}

void Connection::revoke(const std::string& user, const std::string& reason) {
  if (user_ == user) return end(reason);
  if (!is_stranger()) return;
  revoked_.push_back(user);
  if (revoked_.size() > kMaxRevoked) revoked_.pop_front();
}

void Connection::abort() {
  if (phase_ == Phase::Dead) return;
  if (phase_ == Phase::Working && !host_.lanes.cancel(lane_, ticket_)) {
    doomed_ = true;
    return;
  }
  enter(Phase::Dead);
  readable_.remove();
  writable_.remove();
  timer_.remove();
  if (wakeups_) wakeups_->detach();
  debug("disconnect");
  host_.closed(accepted_.number);
}

SessionSummary Connection::summary() const {
  return {peer_.session_id,
          to_string(peer_.service),
          peer_.shown_address(),
          user_,
          tls_,
          peer_.local_port,
          since_};
}

void Connection::debug(std::string_view event, std::string_view reason) const {
  if (!log.enabled(Log::Level::Debug)) return;
  log.debug(event, {{"session", peer_.session_id},
                    {"service", to_string(peer_.service)},
                    {"port", peer_.local_port},
                    {"address", peer_.shown_address()},
                    {"reason", reason}});
}

}  // namespace waxwing
