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
#include "daemon/intake_outgoing.h"
#include "daemon/intake_routing.h"
#include "daemon/intake_sealing.h"
#include "daemon/intake_signing.h"
#include "daemon/mail_router.h"
#include "daemon/notices.h"
#include "daemon/send_quota.h"
#include "protocols/mail/header.h"
#include "protocols/smtp/reply.h"

namespace waxwing {

using smtp::MailEnvelope;
using smtp::Origin;
using smtp::Reply;

namespace {

// Mailboxes that one message may go to, however few addresses name them.
constexpr std::size_t kMaxMessageTargets = 10'000;

Reply failure_reply(const Origin& origin, std::string_view what, const Error& error) {
  log.warning("intake failed", {{"session", origin.peer.session_id},
                                {"what", what},
                                {"error", to_string(error.code)},
                                {"text", error.text}});
  return smtp::reply_for(error);
}

std::string local_part(std::string_view address) {
  return std::string(address.substr(0, address.rfind('@')));
}

// How many places the message goes to by this address.
std::size_t places(const Directory::Route& route) {
  return std::max<std::size_t>(1, route.recipients.size());
}

}  // namespace

MailIntake::MailIntake(const Settings& settings, Store& store, Directory& directory, Queue& queue,
                       const Clock& clock)
    : store_(store),
      directory_(directory),
      queue_(queue),
      checks_(plain_checks(directory)),
      clock_(clock) {
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

Reply MailIntake::refused(const Origin& origin, const MailEnvelope& envelope,
                          const std::string& address, Reply reply) {
  log.info("address refused", {{"session", origin.peer.session_id},
                               {"client", origin.peer.shown_address()},
                               {"from", envelope.sender},
                               {"address", address},
                               {"code", reply.code},
                               {"status", reply.enhanced}});
  trace_.refused_address(origin, envelope, address, reply);
  return reply;
}

// As Directory::route(); and the address that a sender's was rewritten to leads back to the sender.
Result<Directory::Route> MailIntake::find_route(const std::string& address, const Origin& origin) {
  auto route = directory_.route(local_name(address, origin.peer.local_address));
  if (!route || !srs_ || route->kind == Directory::Route::Kind::Elsewhere) return route;
  const std::string local = local_part(address);
  if (!mail::Srs::is_rewritten(local)) return route;
  const auto sender = srs_->reverse(local, unix_seconds(clock_.now()));
  if (!sender) return route;
  return Directory::Route{Directory::Route::Kind::Local, {{"", "", *sender}}};
}

// Why nobody's mail goes that way; nothing where it does.
std::optional<Reply> MailIntake::refusal(const Directory::Route& route, const Origin& origin,
                                         const MailEnvelope& envelope,
                                         const std::string& address) const {
  switch (route.kind) {
    case Directory::Route::Kind::Unknown: return Reply{550, "5.1.1", "No such address here"};
    case Directory::Route::Kind::Disabled: return Reply{550, "5.2.1", "This mailbox takes no mail"};
    case Directory::Route::Kind::Elsewhere:
      if (origin.may_relay() || is_taken_for_another(*settings(), address)) return std::nullopt;
      if (origin.is_vouched_for) return Reply{550, "5.7.1", "Not an address of this server"};
      return Reply{550, "5.7.1", "Relaying denied: sign in to send to other servers"};
    case Directory::Route::Kind::Local: break;
  }
  const bool leads_out = std::any_of(route.recipients.begin(), route.recipients.end(),
                                     [](const auto& each) { return !each.remote.empty(); });
  if (!leads_out || origin.may_relay()) return std::nullopt;
  if (!srs_) {
    return Reply{550, "5.7.1",
                 "This address leads to another server, and only who has signed in may send there"};
  }
  if (mail::Srs::is_rewritten(local_part(address)) && !envelope.sender.empty())
    return Reply{550, "5.7.1", "This address takes delivery reports only"};
  return std::nullopt;
}

// RFC 7208 section 2.4: who passes mail on is not among the servers that may send for its sender.
void MailIntake::rewrite_sender(Envelope& queued, const Origin& origin,
                                const MailEnvelope& envelope) const {
  if (origin.identity || !srs_ || queued.sender.empty()) return;
  for (const auto& each : envelope.recipients) {
    if (!leads_out(each)) continue;
    const auto domain = std::string_view(each.address).substr(each.address.rfind('@') + 1);
    queued.sender = srs_->rewrite(queued.sender, domain, unix_seconds(clock_.now()));
    return;
  }
}

Reply MailIntake::check_sender(const Origin& origin, const MailEnvelope& envelope) {
  if (const auto space = store_.check_space(); !space) {
    return failure_reply(origin, "space", space.error());
  }
  // Anybody may send with <>: receipts and bounces.  RFC 5321 section 4.5.5
  if (origin.identity && !envelope.sender.empty()) {
    const auto own = may_send_as(directory_, origin.identity->address, envelope.sender);
    if (!own) return failure_reply(origin, "sender", own.error());
    if (!*own) {
      return refused(origin, envelope, envelope.sender,
                     {553, "5.7.1", "You may not send as this address"});
    }
  }
  return {250, "2.1.0", "Sender is fine"};
}

Reply MailIntake::add_recipient(const Origin& origin, MailEnvelope& envelope,
                                smtp::EnvelopeRecipient recipient) {
  const std::string& address = recipient.address;
  // Twice is once: the message comes once anyway, and a list need not be expanded again.
  const auto is_same = [&](const auto& each) { return each.address == address; };
  if (std::any_of(envelope.recipients.begin(), envelope.recipients.end(), is_same)) {
    return {250, "2.1.5", "Recipient is fine"};
  }
  auto route = find_route(address, origin);
  if (!route && route.error().code != Error::Code::Invalid) {
    return failure_reply(origin, "recipient", route.error());
  }
  const auto reason = route ? refusal(*route, origin, envelope, address)
                            : std::optional(Reply{550, "5.1.3", "Not a valid address"});
  if (reason) return refused(origin, envelope, address, *reason);
  std::size_t targets = places(*route);
  for (const auto& each : envelope.recipients) targets += places(each.route);
  if (!envelope.recipients.empty() && targets > kMaxMessageTargets) {
    return {452, "4.5.3", "Too many recipients behind these addresses, send the rest later"};
  }
  if (const auto room = check_room(*route, envelope.announced_size); !room) {
    if (room.error().code != Error::Code::OverQuota)
      return failure_reply(origin, "quota", room.error());
    return refused(origin, envelope, address, smtp::reply_for(room.error()));
  }
  if (!route->lost.empty()) {
    log.warning("alias leads to nobody", {{"session", origin.peer.session_id},
                                          {"address", address},
                                          {"target", route->lost.front()},
                                          {"targets", route->lost.size()}});
  }
  recipient.route = *std::move(route);
  if (auto too_many = over_quota(origin, envelope, recipient))
    return refused(origin, envelope, address, *std::move(too_many));
  envelope.recipients.push_back(std::move(recipient));
  return {250, "2.1.5", "Recipient is fine"};
}

// Told before the message comes. It is counted when it has.
std::optional<Reply> MailIntake::over_quota(const Origin& origin, const MailEnvelope& envelope,
                                            const smtp::EnvelopeRecipient& recipient) {
  if (!send_quota_ || !origin.identity || places_elsewhere(recipient) == 0) return std::nullopt;
  std::size_t places = places_elsewhere(recipient);
  for (const auto& each : envelope.recipients) places += places_elsewhere(each);
  return send_quota_->refuse(*settings(), origin.identity->address, places);
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

bool MailIntake::knows_sender(const Origin& origin, std::string_view sender) const {
  if (!store_.knows_space()) return false;
  return !origin.identity || sender.empty() || directory_.known_route(sender);
}

bool MailIntake::knows_recipient(const Origin& origin, const std::string& address) const {
  const auto route = directory_.known_route(local_name(address, origin.peer.local_address));
  // Of one account alone is its room looked at.
  if (!route || route->recipients.size() != 1) return false;
  if (srs_ && mail::Srs::is_rewritten(local_part(address))) return false;
  const auto account = directory_.known_account(route->recipients.front().account);
  return account && account->quota_bytes == 0 && account->quota_messages == 0;
}

bool MailIntake::asks_network(const Origin& origin) const {
  const auto now = settings();
  return std::any_of(checks_.begin(), checks_.end(), [&](const IntakeCheck& check) {
    return check.asks_network && looks_at(check, *now, origin);
  });
}

smtp::Findings MailIntake::examine(const Origin& origin, const MailEnvelope& envelope,
                                   Staged& message) {
  smtp::Findings findings;
  findings.id = hex(random_bytes(8));
  const auto now = settings();
  Candidate candidate{*now, origin, envelope, findings, message, message.finish()};
  for (const auto& check : checks_) {
    if (!looks_at(check, *now, origin)) continue;
    findings.refusal = check.look(candidate);
    if (!findings.refusal) continue;
    findings.refused_by = check.name;
    break;
  }
  return findings;
}

Reply MailIntake::accept(const Origin& origin, const MailEnvelope& envelope,
                         std::unique_ptr<Staged> message, const smtp::Findings& findings) {
  if (findings.refusal) {
    log.info("message refused", {{"session", origin.peer.session_id},
                                 {"id", findings.id},
                                 {"check", findings.refused_by},
                                 {"code", findings.refusal->code},
                                 {"status", findings.refusal->enhanced},
                                 {"from", envelope.sender}});
    trace_.refused(origin, envelope, findings, message->finish().header);
    return *findings.refusal;
  }
  Result<std::optional<SentSaving::Plan>> saving = std::nullopt;
  if (sent_saving_) saving = sent_saving_->plan(origin, *message);
  if (!saving) return failure_reply(origin, "sent copy", saving.error());
  auto cleaned =
      without_unwanted_fields(store_, *message, settings()->hostname, origin.may_relay());
  if (!cleaned) return failure_reply(origin, "rewrite", cleaned.error());
  MailEnvelope current = envelope;
  if (auto gone = route_again(origin, current)) return *std::move(gone);
  return deliver(origin, current, *cleaned ? **cleaned : *message, findings, *std::move(saving));
}

// A message may be minutes on its way after RCPT. The store makes an account's folder when it is
// missing, so mail for an account that was removed meanwhile would lie where nobody reads it, or
// where the next owner of the address does.
std::optional<Reply> MailIntake::route_again(const Origin& origin, MailEnvelope& envelope) {
  std::optional<Reply> reason;
  std::size_t gone = 0;
  for (auto& recipient : envelope.recipients) {
    auto route = find_route(recipient.address, origin);
    if (!route) return failure_reply(origin, "recipient", route.error());
    auto refused_now = refusal(*route, origin, envelope, recipient.address);
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
                          const smtp::Findings& findings, std::optional<SentSaving::Plan> saving) {
  const auto now = settings();
  const std::string& id = findings.id;
  // Before the queue knows of it: what happens there must not seem to be earlier.
  const Time accepted = clock_.now();
  auto targets = routes(store_, envelope, findings.to_junk);
  if (!targets) return failure_reply(origin, "routing", targets.error());
  if (saving) targets->push_back(saving->target);
  auto prefix = added_fields({.settings = *now,
                              .origin = origin,
                              .envelope = envelope,
                              .id = id,
                              .found = findings.fields,
                              .now = clock_.now()},
                             message.finish());
  Store::Outgoing outgoing{queue_, {}, return_path_size(prefix)};
  outgoing.envelope.recipients = remote_recipients(envelope);
  const bool goes_out = !outgoing.envelope.recipients.empty();
  if (goes_out) {
    MessagePass pass(prefix.substr(outgoing.skip), message);
    auto signatures =
        now->dkim.sign ? Signatures::of_user(directory_.keys(), origin, pass) : Signatures::none();
    if (!signatures) return failure_reply(origin, "signing", signatures.error());
    auto seal = ForwardSeal::of(directory_.keys(), origin, envelope, findings, pass);
    if (!seal) return failure_reply(origin, "sealing", seal.error());
    const auto described = describe(outgoing.envelope, envelope, message, pass);
    if (!described) return failure_reply(origin, "delivery", described.error());
    prefix.insert(outgoing.skip, signatures->fields(clock_) + seal->fields(clock_));
    outgoing.envelope.id = id;
    outgoing.envelope.accepted = unix_seconds(clock_.now());
    if (origin.identity) outgoing.envelope.account = origin.identity->address;
    rewrite_sender(outgoing.envelope, origin, envelope);
  }
  const auto delivered = store_.deliver(message, prefix, *targets, goes_out ? &outgoing : nullptr);
  if (!delivered) return failure_reply(origin, "delivery", delivered.error());
  for (const auto& each : *delivered) {
    log.info("delivered", {{"session", origin.peer.session_id},
                           {"id", id},
                           {"from", envelope.sender},
                           {"account", each.account},
                           {"mailbox", each.mailbox.value},
                           {"uid", each.uid},
                           {"size", message.size()}});
  }
  for (const auto& each : outgoing.envelope.recipients) {
    log.info("queued", {{"session", origin.peer.session_id},
                        {"id", id},
                        {"from", envelope.sender},
                        {"to", each.address},
                        {"size", message.size()}});
  }
  trace_.accepted({origin, envelope, findings, message, message.finish().header, *delivered,
                   outgoing.envelope.recipients, accepted});
  if (saving) sent_saving_->saved(*std::move(saving), delivered->back());
  confirm(origin, envelope, id, message.finish().header);
  return {250, "2.0.0", (goes_out ? "Queued, id " : "Delivered, id ") + id};
}

// This server is the last for a mailbox of its own, so the confirmation is its business.  RFC 3461
// section 5.2.4
void MailIntake::confirm(const Origin& origin, const MailEnvelope& envelope, const std::string& id,
                         const std::string& header) {
  Envelope done;
  done.id = id;
  done.sender = envelope.sender;
  done.accepted = unix_seconds(clock_.now());
  done.envelope_id = envelope.envelope_id;
  std::vector<std::size_t> numbers;
  for (const auto& recipient : envelope.recipients) {
    const auto& targets = recipient.route.recipients;
    // What only leads elsewhere is confirmed by the next server, or when it has taken it.
    const bool is_here = std::any_of(targets.begin(), targets.end(),
                                     [](const auto& target) { return !target.account.empty(); });
    if (!is_here || !(recipient.notify & QueuedRecipient::kSuccess)) continue;
    numbers.push_back(done.recipients.size());
    done.recipients.push_back({.address = recipient.address,
                               .original = recipient.original,
                               .notify = recipient.notify,
                               .state = QueuedRecipient::State::Delivered});
  }
  if (numbers.empty() || notices_ == nullptr) return;
  const auto told = notices_->tell(Notices::Kind::Delivered, done, numbers, header);
  if (!told) (void)failure_reply(origin, "confirmation", told.error());
}

Outcome MailIntake::send_report(const std::string& id, const std::string& recipient,
                                std::string_view text, ReportTls tls) {
  auto message = store_.stage(text.size());
  if (!message) return fail(message.error());
  if (auto done = (*message)->append(text); !done) return done;
  (*message)->finish();
  auto route = find_route(recipient, {});
  if (!route && route.error().code != Error::Code::Invalid) return fail(route.error());
  MailEnvelope envelope;
  if (route) envelope.recipients.push_back({recipient, *std::move(route)});
  envelope.require_tls = tls == ReportTls::Require;
  const auto targets = routes(store_, envelope);
  if (!targets) return fail(targets.error());
  std::string prefix = "Return-Path: <>\r\n";
  Store::Outgoing outgoing{queue_, {}, return_path_size(prefix)};
  outgoing.envelope.recipients = remote_recipients(envelope);
  const bool goes_out = !outgoing.envelope.recipients.empty();
  if (targets->empty() && !goes_out) {
    log.warning("report dropped", {{"id", id}, {"to", recipient}, {"reason", "no such address"}});
    return {};
  }
  if (goes_out) {
    MessagePass pass({}, **message);
    auto signatures =
        settings()->dkim.sign ? Signatures::of_server(directory_.keys(), pass) : Signatures::none();
    if (!signatures) return fail(signatures.error());
    if (auto done = describe(outgoing.envelope, envelope, **message, pass); !done) return done;
    prefix.insert(outgoing.skip, signatures->fields(clock_));
    outgoing.envelope.id = id;
    outgoing.envelope.accepted = unix_seconds(clock_.now());
  }
  const auto delivered =
      store_.deliver(**message, prefix, *targets, goes_out ? &outgoing : nullptr);
  if (!delivered) return fail(delivered.error());
  return {};
}

}  // namespace waxwing
