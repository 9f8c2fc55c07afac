#pragma once

#include <functional>
#include <memory>

#include "auth/authenticator.h"
#include "base/clock.h"
#include "config/settings.h"
#include "protocols/session.h"
#include "storage/store.h"

namespace waxwing::pop3 {

// Has a worker do this beside the session, or drops it when there are too many. May be empty: then
// nothing is done before the client asks for it. Any thread; does not block.
using RunBeside = std::function<void(std::function<void()>)>;

// What a session works with; all but the settings outlive it.
struct Services {
  std::shared_ptr<const Settings> settings;
  Store& store;
  Authenticator& authenticator;
  const Clock& clock;
  std::weak_ptr<Watcher> watcher;  // never asked: a session sees INBOX as it was at sign-in
  RunBeside run_beside = {};
};

// The server's side of one POP3 conversation: RFC 1939 with TOP and UIDL, CAPA, PIPELINING,
// RESP-CODES, EXPIRE and IMPLEMENTATION (2449), STLS (2595), AUTH (5034), SYS/* and AUTH codes
// (3206), UTF8 and LANG (6856). APOP is not offered: it needs passwords stored in clear.
std::unique_ptr<Session> make_session(Peer peer, Services services);

}  // namespace waxwing::pop3
