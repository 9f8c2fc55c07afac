#include "daemon/conversations.h"

#include <exception>
#include <utility>

#include "base/log.h"
#include "daemon/local_users.h"
#include "protocols/imap/session.h"
#include "protocols/pop3/session.h"
#include "protocols/smtp/session.h"

namespace waxwing {

Conversations::Conversations(const Settings& settings, Stores& stores)
    : stores_(stores),
      authenticator_(Authenticator::make(*stores.directory, stores.clock)),
      send_quota_(*stores.directory, *stores.send_counts),
      sent_copies_(stores.clock),
      sent_saving_(*stores.directory, *stores.store, sent_copies_),
      intake_(settings, *stores.store, *stores.directory, *stores.queue, stores.clock),
      limits_(settings.limits, stores.clock) {
  intake_.trace_to(*stores.trace);
  intake_.forward_by(stores.srs);
  intake_.add(local_user_check(*stores.directory));
  intake_.save_sent_by(sent_saving_);
  intake_.limit_by(send_quota_);
  intake_.add(send_quota_.check());
}

Server::SessionMaker Conversations::maker() {
  return [this](const Peer& peer, std::shared_ptr<const Settings> settings,
                std::weak_ptr<Watcher> watcher) {
    return make(peer, std::move(settings), std::move(watcher));
  };
}

void Conversations::use(const Settings& settings) {
  intake_.use(settings);
  limits_.use(settings.limits);
}

std::unique_ptr<Session> Conversations::make(const Peer& peer,
                                             std::shared_ptr<const Settings> settings,
                                             std::weak_ptr<Watcher> watcher) {
  switch (peer.service) {
    case Service::Smtp:
    case Service::Submission:
    case Service::Lmtp:
      return smtp::make_session(
          peer, {std::move(settings), intake_, *authenticator_, stores_.clock, limits_});
    case Service::Pop3:
      return pop3::make_session(
          peer,
          {std::move(settings), *stores_.store, *authenticator_, stores_.clock, std::move(watcher),
           [this](std::function<void()> job) { return run_beside(std::move(job)); }});
    case Service::Imap:
      return imap::make_session(peer, {std::move(settings), *stores_.store, *authenticator_,
                                       stores_.clock, std::move(watcher), &sent_copies_});
  }
  return nullptr;
}

void Conversations::run_beside(std::function<void()> job) {
  if (!lanes_) return;
  lanes_->submit(Lane::Storage, [job = std::move(job)] {
    try {
      job();
    } catch (const std::exception& error) {
      log.error("work-beside-failed", {{"error", error.what()}});
    }
  });
}

}  // namespace waxwing
