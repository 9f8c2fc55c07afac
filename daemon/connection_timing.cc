// How long a connection waits for what, and what it does when that time is over.
#include <algorithm>

#include "daemon/connection.h"

namespace waxwing {

namespace {

// Other mail servers never do: with them only silence counts.
bool signs_in(Service service) {
  return service != Service::Smtp && service != Service::Lmtp;
}

}  // namespace

std::optional<Connection::Steady::time_point> Connection::deadline() const {
  const Timing& timing = host_.timing;
  switch (phase_) {
    case Phase::Introducing: return accepted_at_ + accepted_.login_timeout;
    case Phase::Sniffing:
      switch (accepted_.tls) {
        case Settings::Listener::Tls::Auto: return phase_since_ + timing.silence_auto;
        case Settings::Listener::Tls::Implicit: return phase_since_ + timing.silence_implicit;
        case Settings::Listener::Tls::StartTls:
        case Settings::Listener::Tls::None: return phase_since_ + timing.second_chance;
      }
      return std::nullopt;
    case Phase::Handshaking: return phase_since_ + timing.handshake;
    case Phase::Talking: return sender_.empty() ? talking_deadline() : reading_ends();
    case Phase::Working:
      return queued_too_long_ ? std::nullopt : std::optional(phase_since_ + timing.queue);
    case Phase::Pausing: return phase_since_ + pause_;
    case Phase::Full:
    case Phase::Upgrading:
      if (goodbye_) return std::max(said_at_, phase_since_) + timing.stop;
      return reading_ends();
    case Phase::Closing:
      return (is_stranger() ? phase_since_ : std::max(said_at_, phase_since_)) +
             (goodbye_ ? timing.stop : timing.stalled);
    case Phase::Lingering: return phase_since_ + timing.linger;
    case Phase::Dead: return std::nullopt;
  }
  return std::nullopt;
}

// When the client has been too slow to take our answer. Each byte gives a user more time; a
// stranger who reads one now and then would hold our buffers for ever.
Connection::Steady::time_point Connection::reading_ends() const {
  const auto stalled = host_.timing.stalled;
  if (!is_stranger()) return std::max(said_at_, phase_since_) + stalled;
  if (!signs_in(peer_.service)) return unread_since_ + stalled;
  return std::min(unread_since_ + stalled, stranger_since_ + accepted_.login_timeout);
}

// When the client has been silent, or not signed in, for too long.
Connection::Steady::time_point Connection::patience_ends() const {
  const auto idle = heard_at_ + session_->idle_timeout();
  if (!is_stranger() || !signs_in(peer_.service)) return idle;
  return std::min(idle, stranger_since_ + accepted_.login_timeout);
}

Connection::Steady::time_point Connection::talking_deadline() const {
  const auto every = session_->keep_alive();
  if (every.count() == 0) return patience_ends();
  return std::min(patience_ends(), std::max(said_at_, heard_at_) + every);
}

// The timer is set anew only when the deadline came nearer; one that moved away is looked at again
// when the timer fires. So a busy connection does not touch it for every command.
void Connection::arm() {
  const auto until = deadline();
  if (!until) return;
  if (timer_.is_added() && armed_for_ <= *until) return;
  armed_for_ = *until;
  timer_.add(std::chrono::ceil<std::chrono::milliseconds>(*until - Steady::now()));
}

void Connection::on_timer() {
  const auto until = deadline();
  const auto now = Steady::now();
  if (!until) return;
  if (now < *until) return arm();
  switch (phase_) {
    case Phase::Introducing: return refuse_balancer("its PROXY header did not come in time");
    case Phase::Sniffing: return open(opening(accepted_.tls, FirstBytes::Silence));
    case Phase::Talking:
      if (!sender_.empty()) break;
      if (now < patience_ends()) {
        follow(session_->tick(output_));
        said_at_ = now;  // also when it said nothing: the next one is due after the same time
        return pump();
      }
      debug("timeout");
      session_->timed_out(output_);
      enter(Phase::Closing);
      return pump();
    case Phase::Pausing:
      enter(Phase::Talking);
      due_ = true;
      follow(session_->tick(output_));
      return pump();
    case Phase::Working:
      queued_too_long_ = true;  // asked once: a job that has started may take its time
      if (!host_.lanes.cancel(lane_, ticket_)) return;
      overloaded();
      return pump();
    case Phase::Handshaking:
    case Phase::Full:
    case Phase::Upgrading:
    case Phase::Closing:
    case Phase::Lingering:
    case Phase::Dead: break;
  }
  debug("timeout");
  abort();
}

}  // namespace waxwing
