#include "daemon/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"

namespace waxwing {

namespace {

Admission::Limits limits_of(const Settings& settings) {
  return {settings.limits.connections, settings.limits.connections_per_address};
}

// Http is refused before it is bound.
std::optional<Service> service_of(Settings::Listener::Service service) {
  switch (service) {
    case Settings::Listener::Service::Smtp: return Service::Smtp;
    case Settings::Listener::Service::Submission: return Service::Submission;
    case Settings::Listener::Service::Pop3: return Service::Pop3;
    case Settings::Listener::Service::Imap: return Service::Imap;
    case Settings::Listener::Service::Lmtp: return Service::Lmtp;
    case Settings::Listener::Service::Http: break;
  }
  return std::nullopt;
}

bool is_wanted(const Settings& settings, const BoundPort& bound) {
  if (!bound.path.empty()) {
    const auto all = wanted_sockets(settings);
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& wanted) { return wanted.path == bound.path; });
  }
  const auto is_it = [&](const Settings::Listener& wanted) {
    return wanted.port + settings.port_offset == bound.number;
  };
  const auto is_there = [&](const std::string& address) {
    const auto parsed = IpAddress::parse(address);
    return parsed && parsed->to_string() == bound.address;
  };
  return std::any_of(settings.ports.begin(), settings.ports.end(), is_it) &&
         (bound.inherited ||
          std::any_of(settings.addresses.begin(), settings.addresses.end(), is_there));
}

// LMTP takes mail that is checked already, so it comes from our own servers only.
bool may_use(const Settings& settings, const Peer& peer) {
  return peer.service != Service::Lmtp || peer.user_id || peer.address.is_loopback() ||
         contains(settings.trusted_networks, peer.address);
}

// Under TLS a word would cost a handshake, which is what a limit is to save.
bool is_told(const Connection::Accepted& accepted) {
  using Tls = Settings::Listener::Tls;
  return accepted.tls == Tls::None || accepted.tls == Tls::StartTls;
}

// Says in the log who is one too many; what the client is told.
std::string refused(const Connection::Accepted& accepted, Admission::Answer answer) {
  const bool in_all = answer == Admission::Answer::TooMany;
  const Peer& peer = accepted.peer;
  log.warning("connection-refused",
              {{"service", to_string(peer.service)},
               {"port", peer.local_port},
               {"address", peer.shown_address()},
               {"reason", in_all ? "limits.connections" : "limits.connections_per_address"}});
  if (!is_told(accepted)) return {};
  return refuse_crowd(peer.service,
                      in_all ? "Too many connections, try again later"
                             : "Too many connections from your address, try again later");
}

constexpr const char* kStopping = "The server is shutting down";

}  // namespace

Server::Server(Loop& main, Parts parts)
    : main_(main),
      timing_(parts.timing),
      make_session_(std::move(parts.make_session)),
      settings_(std::move(parts.settings)),
      certificates_(std::move(parts.certificates)),
      admission_(limits_of(*settings_)),
      hellos_(timing_.hello_memory),
      lanes_(parts.lanes),
      stop_timer_(main,
                  [this] {
                    log.warning("stop-impatient", {{"sessions", count()}});
                    for (auto& loop : loops_) loop->abort_all();
                    if (finished_) std::exchange(finished_, nullptr)();
                  }),
      certificate_timer_(main, [this] { look_at_certificates(); }) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  const int threads = parts.threads > 0 ? parts.threads : std::clamp(cores, 1, 4);
  for (int i = 0; i < threads; ++i)
    loops_.push_back(std::make_unique<LoopThread>(
        LoopThread::Shared{lanes_, hellos_, timing_, [this] { return certificates(); },
                           [this](Connection::Accepted& accepted) { return admit(accepted); },
                           [this](const std::string& client) { left(client); }}));
  listen_on(std::move(parts.ports));
  certificate_timer_.add(timing_.certificates);
}

Server::~Server() {
  acceptors_.clear();
  for (auto& loop : loops_) loop->abort_all();
  lanes_.stop(std::chrono::hours(1));  // sessions that a worker has are ended by its last post
  for (auto& loop : loops_) loop->abort_all();
}

void Server::listen_on(std::vector<BoundPort> ports) {
  for (BoundPort& port : ports)
    acceptors_.push_back(std::make_unique<Acceptor>(
        main_, std::move(port),
        [this](const BoundPort& to, Acceptor::Guest guest) { welcome(to, std::move(guest)); }));
}

void Server::welcome(const BoundPort& port, Acceptor::Guest guest) {
  const auto service = service_of(port.listener.service);
  if (!service) return;
  auto now = settings();
  Connection::Accepted accepted;
  accepted.number = ++last_number_;
  accepted.socket = std::move(guest.socket);
  accepted.peer.session_id = std::to_string(accepted.number);
  accepted.peer.address = guest.address;
  accepted.peer.port = guest.port;
  accepted.peer.local_address = guest.local_address;
  accepted.peer.local_port = port.listener.port;
  accepted.peer.service = *service;
  accepted.tls = port.listener.tls;
  accepted.peer.user_id = guest.user_id;
  accepted.needs_introduction = !guest.user_id && contains(now->balancers, guest.address);
  accepted.login_timeout = now->limits.login_timeout;
  accepted.make_session = [this, now](const Peer& peer, std::weak_ptr<Watcher> watcher) {
    return make_session_(peer, now, std::move(watcher));
  };
  // Whom a balancer speaks for, it has yet to say.
  std::optional<std::string> last_words;
  if (admission_.enter("") != Admission::Answer::Welcome) {
    last_words = refused(accepted, Admission::Answer::TooMany);
  } else if (!accepted.needs_introduction) {
    last_words = admit(accepted);
    if (last_words) admission_.leave("");
  }
  if (last_words) {
    [[maybe_unused]] const auto sent =
        send(accepted.socket.get(), last_words->data(), last_words->size(), MSG_NOSIGNAL);
    shutdown(accepted.socket.get(), SHUT_WR);
    return;
  }
  const auto least =
      std::min_element(loops_.begin(), loops_.end(),
                       [](const auto& a, const auto& b) { return a->count() < b->count(); });
  (*least)->adopt(std::move(accepted));
}

std::optional<std::string> Server::admit(Connection::Accepted& accepted) {
  const Peer& peer = accepted.peer;
  if (!may_use(*settings(), peer)) {
    log.warning("connection-refused", {{"service", to_string(peer.service)},
                                       {"port", peer.local_port},
                                       {"address", peer.address.to_string()},
                                       {"reason", "neither loopback nor in trusted_networks"}});
    return is_told(accepted) ? refuse_crowd(peer.service, "This port is for other servers of ours")
                             : std::string();
  }
  const std::string client = peer.user_id ? peer.shown_address() : peer.address.client_key();
  const auto answer = admission_.name(client);
  if (answer != Admission::Answer::Welcome) return refused(accepted, answer);
  accepted.client = client;
  return std::nullopt;
}

void Server::left(const std::string& client) {
  admission_.leave(client);
  if (stopping_ && admission_.count() == 0) main_.post([this] { check_stopped(); });
}

Outcome Server::reload(std::shared_ptr<const Settings> settings) {
  std::vector<const BoundPort*> have;
  for (const auto& acceptor : acceptors_) have.push_back(&acceptor->port());
  auto added = bind_ports(*settings, have);
  if (!added) return fail(added.error());
  auto sockets = bind_sockets(*settings, have, {});
  if (!sockets) return fail(sockets.error());
  for (BoundPort& socket : *sockets) added->push_back(std::move(socket));

  std::erase_if(acceptors_,
                [&](const auto& acceptor) { return !is_wanted(*settings, acceptor->port()); });
  for (auto& acceptor : acceptors_)
    for (const auto& wanted : settings->ports)
      if (wanted.port + settings->port_offset == acceptor->port().number) acceptor->change(wanted);
  listen_on(std::move(*added));
  admission_.change(limits_of(*settings));
  {
    const std::lock_guard lock(mutex_);
    settings_ = std::move(settings);
  }
  refresh_certificates(Reread::Always);
  return {};
}

void Server::refresh_certificates(Reread when) {
  if (when == Reread::WhenChanged && !certificates()->has_changed()) return;
  auto loaded = Certificates::load(*settings());
  if (!loaded) {
    if (when == Reread::Always || certificate_trouble_ != loaded.error().text)
      log.error("certificates-kept", {{"reason", loaded.error().text}});
    certificate_trouble_ = loaded.error().text;
    return;
  }
  certificate_trouble_.clear();
  {
    const std::lock_guard lock(mutex_);
    certificates_ = std::move(*loaded);
  }
  log.info("certificates-loaded");
}

void Server::look_at_certificates() {
  refresh_certificates(Reread::WhenChanged);
  certificate_timer_.add(timing_.certificates);
}

void Server::stop(std::function<void()> finished) {
  acceptors_.clear();
  finished_ = std::move(finished);
  stopping_ = true;
  stop_timer_.add(timing_.stop);
  for (auto& loop : loops_) loop->kick_all(kStopping);
  check_stopped();
}

void Server::check_stopped() {
  if (admission_.count() > 0 || !finished_) return;
  stop_timer_.remove();
  std::exchange(finished_, nullptr)();
}

bool Server::join(std::chrono::milliseconds patience) {
  return lanes_.stop(patience);
}

bool Server::is_alive() {
  return std::all_of(loops_.begin(), loops_.end(), [](auto& loop) { return loop->has_turned(); });
}

std::vector<SessionSummary> Server::sessions() const {
  std::vector<SessionSummary> all;
  for (const auto& loop : loops_) {
    auto some = loop->sessions();
    all.insert(all.end(), std::make_move_iterator(some.begin()),
               std::make_move_iterator(some.end()));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair(a.id.size(), a.id) < std::pair(b.id.size(), b.id);
  });
  return all;
}

std::size_t Server::kick(const std::string& session_id) const {
  std::size_t ended = 0;
  for (const auto& loop : loops_)
    ended += loop->kick(session_id, "An administrator ended this session");
  return ended;
}

void Server::kick_user(const std::string& user) const {
  for (const auto& loop : loops_) loop->kick_user(user, "This account has changed: sign in again");
}

std::shared_ptr<const Settings> Server::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

std::shared_ptr<const Certificates> Server::certificates() const {
  const std::lock_guard lock(mutex_);
  return certificates_;
}

}  // namespace waxwing
