#pragma once

#include <memory>

#include "auth/authenticator.h"
#include "base/clock.h"
#include "config/settings.h"
#include "protocols/session.h"
#include "storage/store.h"

namespace waxwing {
class SentCopies;
}

namespace waxwing::imap {

// The world as an IMAP session needs it. Everything outlives the session.
struct Services {
  std::shared_ptr<const Settings> settings;
  waxwing::Store& store;
  Authenticator& authenticator;
  const Clock& clock;
  // Told of changes of the selected mailbox, from any thread; whoever owns the session turns that
  // into Session::changed().
  std::weak_ptr<Watcher> watcher;
  SentCopies* sent_copies = nullptr;  // of what was submitted; outlives the session
};

// One client's IMAP4rev1 and IMAP4rev2 conversation.  RFC 3501, RFC 9051
std::unique_ptr<Session> make_session(Peer peer, Services services);

}  // namespace waxwing::imap
