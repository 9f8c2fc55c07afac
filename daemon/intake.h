#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/directory.h"
#include "base/clock.h"
#include "config/settings.h"
#include "daemon/intake_checks.h"
#include "daemon/intake_trace.h"
#include "daemon/sent_saving.h"
#include "protocols/mail/srs.h"
#include "protocols/smtp/intake.h"
#include "storage/store.h"

namespace waxwing {

class Notices;
class SendQuota;
class Queue;

// Accepted mail on its way into mailboxes and into the queue: checks (intake_checks.h), header
// fields (intake_headers.h), routing (intake_routing.h), then one durable delivery to all
// recipients or to none. Any thread; may block.
//
// What it refuses, and why so:
// - An account that is disabled: 550 5.2.1, for good. Its owner is gone or barred, and a sender who
//   learns that at once is better off than one whose mail is returned after days.
// - Mail for other servers: 550 5.7.1 for who has not signed in, is not of a trusted network, and
//   writes to none of the domains that a relay takes everybody's mail for.
// - What was written to an address that a sender's was rewritten to, but is no report: 550 5.7.1.
//
// An alias may lead to another server. What a stranger writes to it goes on under a sender of this
// server's own (mail/srs.h), for the next server would refuse it in the sender's name (SPF). So
// does what comes from a trusted network: a gateway there may have it from anybody.
class MailIntake final : public smtp::Intake {
 public:
  // The store, the directory, the queue and the clock outlive it.
  MailIntake(const Settings& settings, Store& store, Directory& directory, Queue& queue,
             const Clock& clock);
  // Who tells senders that mail has reached its mailbox, where they asked for it. It outlives this.
  // Set once, before other threads use the intake.
  void notify_by(Notices& notices) { notices_ = &notices; }
  // How senders are rewritten where their mail is passed on; without, mail of strangers for aliases
  // that lead elsewhere is refused. As notify_by().
  void forward_by(std::shared_ptr<const mail::Srs> srs) { srs_ = std::move(srs); }
  // Where what it decides is noted. As notify_by().
  void trace_to(Trace& trace) { trace_.write_to(trace); }
  // How much users may send; without, any number. It outlives this. As notify_by().
  void limit_by(SendQuota& quota) { send_quota_ = &quota; }
  // What keeps what users send; without, nothing does. It outlives this. As notify_by().
  void save_sent_by(SentSaving& saving) { sent_saving_ = &saving; }
  // One more check, behind the others. As notify_by().
  void add(IntakeCheck check) { checks_.push_back(std::move(check)); }
  // A new configuration, for the messages that follow.
  void use(const Settings& settings);

  smtp::Reply check_sender(const smtp::Origin& origin, const smtp::MailEnvelope& envelope) override;
  smtp::Reply add_recipient(const smtp::Origin& origin, smtp::MailEnvelope& envelope,
                            smtp::EnvelopeRecipient recipient) override;
  Result<std::unique_ptr<Staged>> stage(std::uint64_t expected_size) override;
  bool knows_sender(const smtp::Origin& origin, std::string_view sender) const override;
  bool knows_recipient(const smtp::Origin& origin, const std::string& address) const override;
  bool asks_network(const smtp::Origin& origin) const override;
  smtp::Findings examine(const smtp::Origin& origin, const smtp::MailEnvelope& envelope,
                         Staged& message) override;
  smtp::Reply accept(const smtp::Origin& origin, const smtp::MailEnvelope& envelope,
                     std::unique_ptr<Staged> message, const smtp::Findings& findings) override;
  // A report of this server's own, with <> as its sender: to a mailbox here, or by the queue. One
  // that nobody takes is dropped, and logged. One about mail that required TLS says so itself,
  // where the next server knows that (RFC 8689 section 5).
  enum class ReportTls { May, Require };
  Outcome send_report(const std::string& id, const std::string& recipient, std::string_view text,
                      ReportTls tls = ReportTls::May);

 private:
  Outcome check_room(const Directory::Route& route, std::uint64_t size);
  std::shared_ptr<const Settings> settings() const;
  std::optional<smtp::Reply> route_again(const smtp::Origin& origin, smtp::MailEnvelope& envelope);
  smtp::Reply deliver(const smtp::Origin& origin, const smtp::MailEnvelope& envelope,
                      Staged& message, const smtp::Findings& findings,
                      std::optional<SentSaving::Plan> saving);

  std::optional<smtp::Reply> over_quota(const smtp::Origin& origin,
                                        const smtp::MailEnvelope& envelope,
                                        const smtp::EnvelopeRecipient& recipient);
  Result<Directory::Route> find_route(const std::string& address, const smtp::Origin& origin);
  std::optional<smtp::Reply> refusal(const Directory::Route& route, const smtp::Origin& origin,
                                     const smtp::MailEnvelope& envelope,
                                     const std::string& address) const;
  void rewrite_sender(Envelope& queued, const smtp::Origin& origin,
                      const smtp::MailEnvelope& envelope) const;
  smtp::Reply refused(const smtp::Origin& origin, const smtp::MailEnvelope& envelope,
                      const std::string& address, smtp::Reply reply);
  void confirm(const smtp::Origin& origin, const smtp::MailEnvelope& envelope,
               const std::string& id, const std::string& header);

  Store& store_;
  Directory& directory_;
  Queue& queue_;
  Notices* notices_ = nullptr;
  SendQuota* send_quota_ = nullptr;
  SentSaving* sent_saving_ = nullptr;
  IntakeTrace trace_;
  std::vector<IntakeCheck> checks_;
  std::shared_ptr<const mail::Srs> srs_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;
};

}  // namespace waxwing
