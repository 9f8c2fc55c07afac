// How a connection begins: whom a balancer speaks for, who speaks first, and whether it is TLS.
// Then the session takes over; connection.cc.
#include <array>
#include <utility>

#include "base/log.h"
#include "daemon/connection.h"

namespace waxwing {

void Connection::start() {
  if (!accepted_.needs_introduction) return welcome();
  header_ = std::make_unique<ProxyHeader>();
  enter(Phase::Introducing);
  readable_.add();
  arm();
}

// What belongs to the header is taken out of the socket, and nothing else: TLS may follow at once.
void Connection::introduce() {
  std::array<char, ProxyHeader::kMaxBinary> first;
  while (header_->state() == ProxyHeader::State::Partial) {
    const auto seen = transport_.peek(first);
    switch (seen.kind) {
      case Transport::Moved::Kind::Some: break;
      case Transport::Moved::Kind::WaitToRead:
      case Transport::Moved::Kind::WaitToWrite: return;
      case Transport::Moved::Kind::Ended:
      case Transport::Moved::Kind::Broken:
        // A balancer that only looks whether the port is open says nothing at all.
        if (header_->size() == 0) return abort();
        return refuse_balancer("it closed within its PROXY header");
    }
    const std::size_t count = header_->take({first.data(), seen.count});
    // They are there, so they come at once, and all of them.
    if (count > 0 && transport_.read({first.data(), count}).count != count)
      return refuse_balancer("its PROXY header cannot be read");
  }
  if (header_->state() == ProxyHeader::State::Broken) return refuse_balancer(header_->fault());
  introduced();
}

void Connection::refuse_balancer(const char* fault) {
  log.warning("proxy-header-refused", {{"session", peer_.session_id},
                                       {"service", to_string(peer_.service)},
                                       {"port", peer_.local_port},
                                       {"balancer", peer_.address.to_string()},
                                       {"reason", fault}});
  abort();
}

void Connection::introduced() {
  if (const auto& named = header_->named()) {
    peer_.address = named->client;
    peer_.port = named->client_port;
    peer_.local_address = named->server;
  }
  header_.reset();
  const auto last_words = host_.admit(accepted_);
  if (!last_words) return welcome();
  output_.write(*last_words);
  enter(Phase::Closing);
  pump();
}

void Connection::welcome() {
  using Tls = Settings::Listener::Tls;
  debug("connect");
  readable_.add();
  const bool greets_first =
      accepted_.tls == Tls::None ||
      (accepted_.tls == Tls::StartTls && !host_.hellos.knows(accepted_.client, peer_.local_port));
  if (greets_first) return begin_session();
  enter(Phase::Sniffing);
  arm();
}

void Connection::sniff() {
  std::array<char, 2> first;
  const auto seen = transport_.peek(first);
  switch (seen.kind) {
    case Transport::Moved::Kind::Some:
      return open(opening(accepted_.tls, classify({first.data(), seen.count})));
    case Transport::Moved::Kind::WaitToRead:
    case Transport::Moved::Kind::WaitToWrite: return;
    case Transport::Moved::Kind::Ended:
    case Transport::Moved::Kind::Broken: return abort();
  }
}

void Connection::open(Opening opening) {
  switch (opening) {
    case Opening::StartTls: return start_tls();
    case Opening::Greet: return begin_session();
    case Opening::RefuseTls: note_hello(); return abort();
    case Opening::ExplainTls:
      log.info("clear-on-tls-port", {{"session", peer_.session_id},
                                     {"service", to_string(peer_.service)},
                                     {"port", peer_.local_port},
                                     {"address", peer_.address.to_string()}});
      output_.write(explain_tls(peer_.service, peer_.local_port));
      enter(Phase::Closing);
      return pump();
  }
}

void Connection::start_tls() {
  enter(Phase::Handshaking);
  if (!transport_.start_tls(host_.certificates(), peer_.service)) {
    log.error("tls-failed", {{"session", peer_.session_id}, {"reason", "out of memory"}});
    return abort();
  }
  shake_hands();
}

void Connection::shake_hands() {
  const auto moved = transport_.handshake();
  switch (moved.kind) {
    case Transport::Moved::Kind::Some: break;
    case Transport::Moved::Kind::WaitToRead: readable_.add(); return arm();
    case Transport::Moved::Kind::WaitToWrite:
      readable_.remove();  // what waits there may have to wait: it would wake us again and again
      writable_.add();
      return arm();
    case Transport::Moved::Kind::Ended:
    case Transport::Moved::Kind::Broken: debug("tls-failed", transport_.trouble()); return abort();
  }
  if (!session_) return begin_session();
  // Nothing that was said in clear may count.  RFC 3207 section 4.2
  const TlsInfo tls = transport_.tls_info();
  tls_ = tls.version;
  session_->encrypted(tls);
  enter(Phase::Talking);
  due_ = true;
  pump();
}

void Connection::begin_session() {
  using Tls = Settings::Listener::Tls;
  const bool encrypted = transport_.is_encrypted();
  peer_.offers_starttls =
      !encrypted && (accepted_.tls == Tls::StartTls || accepted_.tls == Tls::Auto);
  peer_.only_starttls = !encrypted && accepted_.tls == Tls::Auto;
  wakeups_ = std::make_shared<Wakeups>(
      host_.loop, [&host = host_, number = accepted_.number] { host.wake(number); });
  session_ = accepted_.make_session(peer_, wakeups_);
  if (encrypted) {
    const TlsInfo tls = transport_.tls_info();
    tls_ = tls.version;
    session_->encrypted(tls);
  }
  session_->greet(output_);
  enter(Phase::Talking);
  heard_at_ = phase_since_;
  due_ = !input_.empty();
  pump();
}

void Connection::note_hello() {
  log.info("tls-on-clear-port",
           {{"session", peer_.session_id},
            {"service", to_string(peer_.service)},
            {"port", peer_.local_port},
            {"address", peer_.address.to_string()},
            {"advice", advice_for_hello(peer_.service, peer_.local_port, accepted_.tls)}});
  if (accepted_.tls == Settings::Listener::Tls::StartTls)
    host_.hellos.remember(accepted_.client, peer_.local_port);
}

}  // namespace waxwing
