#pragma once

#include <memory>

#include "auth/authenticator.h"
#include "daemon/intake.h"
#include "daemon/send_quota.h"
#include "daemon/server.h"
#include "daemon/stores.h"
#include "protocols/smtp/client_limits.h"

namespace waxwing {

// What the sessions of the three protocols work with, and the one place that knows which service is
// which protocol. Any thread.
class Conversations {
 public:
  Conversations(const Settings& settings, Stores& stores);

  Server::SessionMaker maker();
  MailIntake& intake() { return intake_; }
  // A new configuration: for the messages and sessions that follow.
  void use(const Settings& settings);

 private:
  std::unique_ptr<Session> make(const Peer& peer, std::shared_ptr<const Settings> settings,
                                std::weak_ptr<Watcher> watcher);

  Stores& stores_;
  std::unique_ptr<Authenticator> authenticator_;
  SendQuota send_quota_;
  SentCopies sent_copies_;
  SentSaving sent_saving_;
  MailIntake intake_;
  smtp::ClientLimits limits_;
};

}  // namespace waxwing
