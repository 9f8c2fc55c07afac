#include "daemon/intake.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/intake_checks.h"
#include "daemon/intake_headers.h"
#include "daemon/intake_routing.h"
#include "protocols/smtp/reply.h"

namespace waxwing {

using smtp::MailEnvelope;
using smtp::Origin;
using smtp::Reply;

namespace {

// Mailboxes that one message may go to, however few addresses name them.
constexpr std::size_t kMaxTargets = 10'000;

Reply failed(const Origin& origin, std::string_view what, const Error& error) {
  log.warning("intake failed", {{"session", origin.peer.session_id},
                                {"what", what},
                                {"error", to_string(error.code)},
                                {"text", error.text}});
  return smtp::reply_for(error);
}

Reply refused(const Origin& origin, const MailEnvelope& envelope, std::string_view address,
              Reply reply) {
  log.info("address refused", {{"session", origin.peer.session_id},
                               {"client", origin.peer.address.to_string()},
                               {"from", envelope.sender},
                               {"address", address},
                               {"code", reply.code},
                               {"status", reply.enhanced}});
  return reply;
}

// Why nobody's mail goes that way; nothing where it does.
std::optional<Reply> refusal(const Directory::Route& route, const Origin& origin) {
  switch (route.kind) {
    case Directory::Route::Kind::Unknown: return Reply{550, "5.1.1", "No such address here"};
    case Directory::Route::Kind::Disabled: return Reply{550, "5.2.1", "This mailbox takes no mail"};
    case Directory::Route::Kind::Elsewhere:
      if (!origin.identity) {
        return Reply{550, "5.7.1", "Relaying denied: sign in to send to other servers"};
      }
      return Reply{550, "5.7.1",
                   "This server delivers to its own addresses only, it cannot send to others"};
    case Directory::Route::Kind::Local: break;
  }
  for (const auto& each : route.recipients) {
    if (each.remote.empty()) continue;
    return Reply{550, "5.7.1",
                 "This address forwards to another server, and this server cannot send there"};
  }
  return std::nullopt;
}

}  // namespace

MailIntake::MailIntake(const Settings& settings, Store& store, Directory& directory,
                       const Clock& clock)
    : store_(store), directory_(directory), clock_(clock) {
  use(settings);
}

void MailIntake::use(const Settings& settings) {
  auto copy = std::make_shared<const Settings>(settings);
  const std::lock_guard lock(mutex_);
  settings_ = std::move(copy);
}

std::shared_ptr<const Settings> MailIntake::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

Reply MailIntake::check_sender(const Origin& origin, const MailEnvelope& envelope) {
  if (const auto space = store_.check_space(); !space) {
    return failed(origin, "space", space.error());
  }
  // Anybody may send with <>: receipts and bounces.  RFC 5321 section 4.5.5
  if (origin.identity && !envelope.sender.empty()) {
    const auto own = may_send_as(directory_, origin.identity->address, envelope.sender);
    if (!own) return failed(origin, "sender", own.error());
    if (!*own) {
      return refused(origin, envelope, envelope.sender,
                     {553, "5.7.1", "You may not send as this address"});
    }
  }
  return {250, "2.1.0", "Sender is fine"};
}

Reply MailIntake::add_recipient(const Origin& origin, MailEnvelope& envelope,
                                const std::string& address) {
  // Twice is once: the message comes once anyway, and a list need not be expanded again.
  const auto is_same = [&](const auto& each) { return each.address == address; };
  if (std::any_of(envelope.recipients.begin(), envelope.recipients.end(), is_same)) {
    return {250, "2.1.5", "Recipient is fine"};
  }
  auto route = directory_.route(local_name(address, origin.peer.local_address));
  if (!route && route.error().code != Error::Code::Invalid) {
    return failed(origin, "recipient", route.error());
  }
  const auto reason =
      route ? refusal(*route, origin) : std::optional(Reply{550, "5.1.3", "Not a valid address"});
  if (reason) return refused(origin, envelope, address, *reason);
  std::size_t targets = route->recipients.size();
  for (const auto& each : envelope.recipients) targets += each.route.recipients.size();
  if (!envelope.recipients.empty() && targets > kMaxTargets) {
    return {452, "4.5.3", "Too many recipients behind these addresses, send the rest later"};
  }
  if (const auto room = check_room(*route, envelope.announced_size); !room) {
    if (room.error().code != Error::Code::OverQuota) return failed(origin, "quota", room.error());
    return refused(origin, envelope, address, smtp::reply_for(room.error()));
  }
  envelope.recipients.push_back({address, *std::move(route)});
  return {250, "2.1.5", "Recipient is fine"};
}

// A full account is told of before its message comes. A list goes to all who are on it: it would
// stop for everybody with its first full member.
Outcome MailIntake::check_room(const Directory::Route& route, std::uint64_t size) {
  if (route.recipients.size() != 1 || route.recipients[0].account.empty()) return {};
  return store_.check_room(route.recipients[0].account, std::max<std::uint64_t>(size, 1));
}

Result<std::unique_ptr<Staged>> MailIntake::stage(std::uint64_t expected_size) {
  return store_.stage(expected_size);
}

Reply MailIntake::accept(const Origin& origin, const MailEnvelope& envelope,
                         std::unique_ptr<Staged> message) {
  const std::string id = hex(random_bytes(8));
  const Candidate candidate{origin, envelope, message->finish(), directory_};
  for (const auto& check : intake_checks()) {
    if (const auto refused = check.refuse(candidate)) {
      log.info("message refused", {{"session", origin.peer.session_id},
                                   {"id", id},
                                   {"check", check.name},
                                   {"code", refused->code},
                                   {"from", envelope.sender}});
      return *refused;
    }
  }
  auto cleaned = without_unwanted_fields(store_, *message, origin.identity.has_value());
  if (!cleaned) return failed(origin, "rewrite", cleaned.error());
  MailEnvelope current = envelope;
  if (auto gone = route_again(origin, current)) return *std::move(gone);
  return deliver(origin, current, *cleaned ? **cleaned : *message, id);
}

// A message may be minutes on its way after RCPT. The store makes an account's folder when it is
// missing, so mail for an account that was removed meanwhile would lie where nobody reads it, or
// where the next owner of the address does.
std::optional<Reply> MailIntake::route_again(const Origin& origin, MailEnvelope& envelope) {
  std::optional<Reply> reason;
  std::size_t gone = 0;
  for (auto& recipient : envelope.recipients) {
    auto route = directory_.route(local_name(recipient.address, origin.peer.local_address));
    if (!route) return failed(origin, "recipient", route.error());
    auto refused_now = refusal(*route, origin);
    recipient.route = *std::move(route);
    if (!refused_now) continue;
    ++gone;
    reason = refused(origin, envelope, recipient.address, *std::move(refused_now));
  }
  // There is one reply for all of them: when the sender comes again, RCPT tells them apart.
  if (reason && gone < envelope.recipients.size())
    return Reply{451, "4.3.0", "A recipient is no longer here, please try again"};
  return reason;
}

Reply MailIntake::deliver(const Origin& origin, const MailEnvelope& envelope, Staged& message,
                          const std::string& id) {
  const auto targets = routes(store_, envelope);
  if (!targets) return failed(origin, "routing", targets.error());
  const auto prefix = added_fields({.settings = *settings(),
                                    .origin = origin,
                                    .envelope = envelope,
                                    .id = id,
                                    .now = clock_.now()},
                                   message.finish());
  const auto delivered = store_.deliver(message, prefix, *targets);
  if (!delivered) return failed(origin, "delivery", delivered.error());
  for (const auto& each : *delivered) {
    log.info("delivered", {{"session", origin.peer.session_id},
                           {"id", id},
                           {"from", envelope.sender},
                           {"account", each.account},
                           {"mailbox", each.mailbox.value},
                           {"uid", each.uid},
                           {"size", message.size()}});
  }
  return {250, "2.0.0", "Delivered, id " + id};
}

}  // namespace waxwing
