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
  // Sessions that are made from now on may have work done beside them. The lanes outlive them.
  void work_beside(Lanes& lanes) { lanes_ = &lanes; }
  MailIntake& intake() { return intake_; }
  // A new configuration: for the messages and sessions that follow.
  void use(const Settings& settings);

 private:
  std::unique_ptr<Session> make(const Peer& peer, std::shared_ptr<const Settings> settings,
                                std::weak_ptr<Watcher> watcher);

  void run_beside(std::function<void()> job);

  Stores& stores_;
  Lanes* lanes_ = nullptr;
  std::unique_ptr<Authenticator> authenticator_;
  SendQuota send_quota_;
  SentCopies sent_copies_;
  SentSaving sent_saving_;
  MailIntake intake_;
  smtp::ClientLimits limits_;
};

}  // namespace waxwing
