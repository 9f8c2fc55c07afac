#include "daemon/destination.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "daemon/retry_times.h"
#include "daemon/tls_session_of.h"

namespace waxwing {
namespace {

using Phase = OutboundConnection::Failure::Phase;
using std::chrono::seconds;

constexpr std::size_t kLowLoads = 10;
constexpr int kMaxLineMessages = 100;  // through one connection
constexpr int kMaxHostsTried = 10;
constexpr const char* kNoRequireTls = "4.7.30";
constexpr seconds kIdle{3};
constexpr seconds kBad{300};

}  // namespace

Destination::Destination(Host& host, std::string name)
    : host_(host),
      name_(std::move(name)),
      requires_tls_(name_.ends_with(Queue::kRequiresTls)),
      timer_(host.loop, [this] { work(); }) {}

Destination::~Destination() {
  *alive_ = false;
}

void Destination::notify() {
  has_more_ = was_notified_ = true;
  work();
}

void Destination::take(Loads loads, bool all) {
  is_fetching_ = false;
  has_more_ = !all || was_notified_;
  for (auto& load : loads) loads_.push_back(std::move(load));
  work();
}

bool Destination::is_held() const {
  const auto settings = host_.settings();
  const auto& held = settings->queue.hold;
  const auto plain = Queue::plain_destination(name_);
  return std::any_of(held.begin(), held.end(),
                     [&](const auto& domain) { return domain == "*" || domain == plain; });
}

std::size_t Destination::count(Line::State state) const {
  return static_cast<std::size_t>(std::count_if(
      lines_.begin(), lines_.end(), [&](const auto& line) { return line->state == state; }));
}

void Destination::work() {
  if (is_stopping_) return;
  if (down_until_ && !is_down()) down_until_.reset();
  if (is_held() || is_down()) return arm();
  if (loads_.size() < kLowLoads && has_more_ && !is_fetching_) {
    is_fetching_ = true;
    was_notified_ = false;
    host_.fetch(*this);
  }
  for (std::size_t i = 0; i < lines_.size() && !loads_.empty(); ++i) {
    if (lines_[i]->state == Line::State::Idle) serve(*lines_[i]);
  }
  while (loads_.size() > count(Line::State::Connecting) && lines_.size() < window_ && connect()) {
  }
  quit_idle();
  arm();
}

// True when the servers are known. Otherwise they are asked for, and work() goes on then.
bool Destination::has_route() {
  if (route_until_ && Clock_::now() < *route_until_) return true;
  if (std::exchange(is_looking_up_, true)) return false;
  host_.router.find(name_, [this, alive = alive_, &loop = host_.loop,
                            lookup = ++route_number_](OutboundRoute route) {
    loop.post([this, alive, lookup, route = std::move(route)]() mutable {
      if (*alive) found(lookup, std::move(route));
    });
  });
  return false;
}

void Destination::found(std::size_t lookup, OutboundRoute route) {
  if (lookup != route_number_) return;
  is_looking_up_ = false;
  route_ = std::move(route);
  route_until_ = Clock_::now() + route_.lifetime;
  candidates_.clear();
  if (host_.tls_session) {
    for (auto& fault : route_.faults) host_.tls_session(std::move(fault));
  }
  for (std::size_t i = 0; i < route_.hosts.size(); ++i) {
    for (const auto& address : route_.hosts[i].addresses) candidates_.push_back({i, address, {}});
  }
  work();
}

void Destination::look_for_more() {
  if (!has_more_ || is_fetching_) return;
  host_.loop.post([this, alive = alive_] {
    if (*alive) work();
  });
}

std::optional<std::size_t> Destination::choose() const {
  const auto time = Clock_::now();
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const auto& bad_until = candidates_[i].bad_until;
    if (!bad_until || *bad_until <= time) return i;
  }
  return std::nullopt;
}

// Opens one connection more. False when there is none to be opened now.
bool Destination::connect() {
  if (!has_route()) return false;
  if (route_.hosts.empty() && route_.trouble.code / 100 == 5) {
    settle_hopeless();
    return false;
  }
  const auto chosen = choose();
  if (!chosen) {
    if (candidates_.empty()) trouble_ = route_.trouble;
    if (lines_.empty()) give_up();
    return false;
  }
  if (!host_.may_connect(*this)) return false;
  const auto settings = host_.settings();
  const auto& candidate = candidates_[*chosen];
  const auto& server = route_.hosts[candidate.host];
  OutboundConnection::Target target{server.name, candidate.address, server.port,  {},
                                    server.tls,  server.tls_first,  server.socket};
  for (const auto& source : settings->outbound.source_addresses) {
    const auto address = IpAddress::parse(source);
    if (server.socket.empty() && address && address->is_v4() == target.address.is_v4() &&
        !target.source)
      target.source = address;
  }
  if (candidate.is_plain) target.tls.level = TlsDemand::Level::None;
  smtp::Client::Options options;
  options.hostname = settings->hostname;
  options.use_tls = target.tls.level != TlsDemand::Level::None;
  options.user = server.user;
  options.password = server.password;
  options.clear_password = server.clear_password;
  options.lmtp = server.lmtp;

  auto line = std::make_unique<Line>();
  Line& opened = *line;
  opened.candidate = *chosen;
  opened.route = route_number_;
  opened.connection = std::make_unique<OutboundConnection>(
      host_.loop, host_.tls(), std::move(target), std::move(options), host_.timing,
      OutboundConnection::Events{
          [this, &opened] { on_ready(opened); },
          [this, &opened](const auto& failure) { on_failed(opened, failure); },
          [this, &opened] {
            end(opened);
            work();
          }});
  lines_.push_back(std::move(line));
  opened.connection->start();
  return true;
}

// Nothing, when the server offers what it must.
std::optional<OutboundConnection::Failure> Destination::lack_of(const Line& line) const {
  using Failure = OutboundConnection::Failure;
  const auto& client = line.connection->client();
  const bool has_tls = !client.tls().version.empty();
  if (line.connection->target().tls.is_required() && !has_tls)
    return Failure{Phase::Tls,
                   {0, "4.7.4", "the server offers no TLS, and this domain requires it"},
                   TlsFault::NotOffered};
  if (requires_tls_ && !client.extensions().require_tls)
    return Failure{Phase::Session,
                   {0, kNoRequireTls, "the server does not offer REQUIRETLS"},
                   TlsFault::Other};
  return std::nullopt;
}

void Destination::report(const Line& line, std::optional<TlsFault> fault,
                         const std::string& reason) {
  if (!host_.tls_session || line.route != route_number_ || line.candidate >= candidates_.size())
    return;
  const auto& server = route_.hosts[candidates_[line.candidate].host];
  auto session = tls_session_of(server, *line.connection, fault, reason);
  if (!session) return;
  if (!session->result.empty())
    log.info("tls-fault",
             {{"destination", name_}, {"host", session->mx}, {"result", session->result}});
  host_.tls_session(std::move(*session));
}

void Destination::on_ready(Line& line) {
  if (line.state == Line::State::Connecting) {
    if (const auto lack = lack_of(line)) return on_failed(line, *lack);
    report(line, line.connection->fault(), "");
  }
  if (line.load) take_results(line);
  if (line.load) return send(line);
  line.state = Line::State::Idle;
  line.idle_since = Clock_::now();
  if (is_stopping_ || line.messages >= kMaxLineMessages) {
    line.state = Line::State::Quitting;
    return line.connection->quit();
  }
  work();
}

void Destination::take_results(Line& line) {
  auto& load = *line.load;
  const auto& results = line.connection->client().results();
  bool any_taken = false;
  for (std::size_t i = 0; i < results.size() && i < line.sent.size(); ++i) {
    const smtp::Reply silence{0, "4.4.2", "the server said nothing of this recipient"};
    const auto& reply = results[i] ? results[i]->reply : silence;
    any_taken = any_taken || reply.code / 100 == 2;
    load.note(line.sent[i], reply, line.connection->target().host,
              results[i] && results[i]->passed_on, now(), next_try(load));
  }
  line.sent.clear();
  // An answer at all, even a refusal, is a sign of life.
  failures_ = 0;
  trouble_ = {0, "", ""};
  const auto most = host_.settings()->outbound.connections_per_destination;
  has_worked_ = has_worked_ || any_taken;
  if (any_taken) window_ = std::min<std::size_t>(window_ + 1, most);
  if (!load.left.empty()) return;
  ++line.messages;
  finish(std::move(line.load));
}

void Destination::serve(Line& line) {
  line.load = std::move(loads_.front());
  loads_.pop_front();
  send(line);
}

void Destination::send(Line& line) {
  auto& load = *line.load;
  const auto& client = line.connection->client();
  smtp::Consignment consignment;
  consignment.sender = load.envelope.sender;
  consignment.body = load.envelope.body;
  consignment.smtp_utf8 = load.envelope.smtp_utf8;
  consignment.require_tls = load.envelope.require_tls;
  consignment.ret = load.envelope.ret;
  consignment.envelope_id = load.envelope.envelope_id;
  consignment.offset = load.envelope.skip;
  consignment.size = load.envelope.size;
  line.sent.assign(load.left.begin(),
                   load.left.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(
                                           load.left.size(), client.extensions().max_recipients)));
  for (const auto number : line.sent)
    consignment.recipients.push_back(load.envelope.recipients[number]);
  auto unfit = client.unfit(consignment);
  if (!unfit && requires_tls_ && !line.connection->is_verified())
    unfit = smtp::Reply{550, "5.7.30", "REQUIRETLS support required: the server proves nothing"};
  if (unfit) return put_aside(line, *unfit, line.connection->target().host);
  auto file = host_.open(load.envelope.id);
  if (!file) {
    log.error("queued message cannot be read",
              {{"id", load.envelope.id}, {"reason", file.error().text}});
    return put_aside(line, {0, "4.3.0", "this server cannot read the message now"}, "");
  }
  consignment.file = std::make_shared<const Fd>(*std::move(file));
  line.state = Line::State::Busy;
  line.connection->send(std::move(consignment));
}

// The message is not sent, for a reason that is known before; its connection goes on with the next.
void Destination::put_aside(Line& line, const smtp::Reply& reply, const std::string& host) {
  line.load->note_rest(reply, host, now(), next_try(*line.load));
  line.sent.clear();
  line.state = Line::State::Idle;
  line.idle_since = Clock_::now();
  finish(std::move(line.load));
  host_.loop.post([this, alive = alive_] {
    if (*alive) work();
  });
}

std::int64_t Destination::next_try(const OutboundLoad& load) const {
  const auto settings = host_.settings();
  return now() + retry_after(load.job.attempts + 1, settings->queue.retry_min,
                             settings->queue.retry_max, host_.random)
                     .count();
}

void Destination::on_failed(Line& line, const OutboundConnection::Failure& failure) {
  log.info("delivery-trouble", {{"destination", name_},
                                {"host", line.connection->target().host},
                                {"address", line.connection->target().place()},
                                {"reply", failure.reply.text}});
  window_ = std::max<std::size_t>(1, window_ / 2);
  if (failure.phase == Phase::Tls) report(line, failure.fault, failure.reply.text);
  if (line.state == Line::State::Busy) after_session(line, failure);
  // One that has worked, or waited, has said nothing against the server.
  const bool is_first = line.messages == 0 && line.state != Line::State::Quitting;
  if (is_first && line.route == route_number_ && line.candidate < candidates_.size()) {
    auto& candidate = candidates_[line.candidate];
    const bool may_be_plain = failure.phase == Phase::Tls && !candidate.is_plain &&
                              line.connection->target().tls.level == TlsDemand::Level::May;
    if (may_be_plain) {
      candidate.is_plain = true;
    } else {
      candidate.bad_until = Clock_::now() + kBad;
      // A handshake that only broke off says nothing of what the server can prove.
      candidate.is_unfit =
          requires_tls_ && (failure.reply.enhanced == kNoRequireTls ||
                            (failure.phase == Phase::Tls && failure.fault != TlsFault::Other));
      trouble_ = failure.reply;
      // 5xx of a greeting is about this server, now: there may be others, or it may be mended.
      if (trouble_.code / 100 != 4) trouble_.code = 0;
      trouble_host_ = line.connection->target().host;
    }
  }
  end(line);
  work();
}

// What becomes of the message whose conversation broke off.
void Destination::after_session(Line& line, const OutboundConnection::Failure& failure) {
  auto& load = *line.load;
  const auto& results = line.connection->client().results();
  for (std::size_t i = 0; i < results.size() && i < line.sent.size(); ++i) {
    if (!results[i]) continue;
    // By LMTP some may have it already, while others have heard nothing yet.
    const int kind = results[i]->reply.code / 100;
    if (kind == 2 || kind == 5)
      load.note(line.sent[i], results[i]->reply, line.connection->target().host,
                results[i]->passed_on, now(), 0);
  }
  const bool is_reused = line.messages > 0;
  if (!is_reused) ++load.hosts_tried;
  // What may have been taken is not offered to another server at once: it would come twice. Where
  // not even MAIL was answered, the server had closed an idle connection, most likely.
  const auto& client = line.connection->client();
  const bool may_be_taken = client.is_in_doubt() && !client.is_unheard();
  if (may_be_taken || load.hosts_tried >= kMaxHostsTried) {
    smtp::Reply reply = failure.reply;
    if (reply.code / 100 != 4) reply.code = 0;
    load.note_rest(reply, line.connection->target().host, now(), next_try(load));
  }
  if (load.left.empty()) return finish(std::move(line.load));
  loads_.push_front(std::move(line.load));
}

void Destination::end(Line& line) {
  const auto found = std::find_if(lines_.begin(), lines_.end(),
                                  [&](const auto& each) { return each.get() == &line; });
  if (found == lines_.end()) return;
  // It is in one of its own functions just now.
  dead_.push_back(std::move(*found));
  lines_.erase(found);
  host_.loop.post([this, alive = alive_] {
    if (*alive) dead_.clear();
  });
  host_.disconnected();
}

void Destination::finish(std::unique_ptr<OutboundLoad> load) {
  Loads one;
  one.push_back(std::move(load));
  host_.settle(std::move(one));
}

void Destination::quit_idle() {
  const auto time = Clock_::now();
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Line& line = *lines_[i];
    if (line.state != Line::State::Idle || (!is_stopping_ && time < line.idle_since + kIdle))
      continue;
    line.state = Line::State::Quitting;
    line.connection->quit();
  }
}

void Destination::arm() {
  std::optional<Clock_::time_point> next = down_until_;
  for (const auto& line : lines_) {
    if (line->state != Line::State::Idle) continue;
    const auto end = line->idle_since + kIdle;
    next = next ? std::min(*next, end) : end;
  }
  if (!next) return;
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock_::now());
  timer_.add(std::max(time, std::chrono::milliseconds(1)));
}

void Destination::try_now() {
  down_until_.reset();
  route_until_.reset();
  has_more_ = was_notified_ = true;
  work();
}

bool Destination::is_idle() const {
  return lines_.empty() && dead_.empty() && loads_.empty() && !is_fetching_ && !is_looking_up_ &&
         !has_more_ && !is_down();
}

Destination::Summary Destination::summary() const {
  Summary summary{name_, lines_.size(), trouble_.text, {}};
  if (is_down()) {
    const auto left = std::chrono::duration_cast<seconds>(*down_until_ - Clock_::now());
    summary.down_until = host_.clock.now() + left;
  }
  return summary;
}

}  // namespace waxwing
