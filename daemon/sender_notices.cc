#include "daemon/sender_notices.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "protocols/mail/delivery_report.h"
#include "protocols/mail/header.h"
#include "protocols/smtp/path.h"

namespace waxwing {
namespace {

using mail::DeliveryReport;

// A message up to this size comes back whole: its sender may have no other copy.
constexpr std::uint64_t kWhole = 64 * 1024;
constexpr std::size_t kHeader = 128 * 1024;

// RFC 3461 section 4.1: what was not said is failure and delay.
bool wants(const QueuedRecipient& recipient, Notices::Kind kind) {
  const unsigned notify = recipient.notify == 0
                              ? QueuedRecipient::kFailure | QueuedRecipient::kDelay
                              : recipient.notify;
  switch (kind) {
    case Notices::Kind::Failed: return notify & QueuedRecipient::kFailure;
    case Notices::Kind::Delayed: return notify & QueuedRecipient::kDelay;
    case Notices::Kind::Delivered: return notify & QueuedRecipient::kSuccess;
  }
  return false;
}

DeliveryReport::Action action_of(Notices::Kind kind, const QueuedRecipient& recipient) {
  switch (kind) {
    case Notices::Kind::Failed: return DeliveryReport::Action::Failed;
    case Notices::Kind::Delayed: return DeliveryReport::Action::Delayed;
    case Notices::Kind::Delivered: break;
  }
  return recipient.state == QueuedRecipient::State::Relayed ? DeliveryReport::Action::Relayed
                                                            : DeliveryReport::Action::Delivered;
}

std::string decoded_original(const std::string& original) {
  const auto semicolon = original.find(';');
  if (semicolon == std::string::npos) return {};
  return original.substr(0, semicolon + 1) +
         printable(smtp::from_xtext(original.substr(semicolon + 1)), 500);
}

}  // namespace

SenderNotices::SenderNotices(std::shared_ptr<const Settings> settings, Queue& queue,
                             MailIntake& intake, const Clock& clock)
    : queue_(queue), intake_(intake), clock_(clock), settings_(std::move(settings)) {}

void SenderNotices::use(std::shared_ptr<const Settings> settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

Outcome SenderNotices::tell(Kind kind, const Envelope& envelope,
                            const std::vector<std::size_t>& recipients, std::string_view header) {
  if (envelope.sender.empty()) return {};
  std::shared_ptr<const Settings> settings;
  {
    const std::lock_guard lock(mutex_);
    settings = settings_;
  }
  DeliveryReport report;
  for (const auto number : recipients) {
    const auto& recipient = envelope.recipients[number];
    if (!wants(recipient, kind)) continue;
    DeliveryReport::Recipient shown;
    shown.address = recipient.address;
    shown.original = decoded_original(recipient.original);
    shown.action = action_of(kind, recipient);
    shown.host = recipient.host;
    shown.reply = recipient.reply;
    shown.tried = recipient.tried;
    shown.status = recipient.status;
    if (shown.status.empty()) shown.status = kind == Kind::Delivered ? "2.0.0" : "4.4.1";
    if (kind == Kind::Delayed)
      shown.will_retry_until = envelope.accepted + settings->queue.lifetime.count();
    report.recipients.push_back(std::move(shown));
  }
  if (report.recipients.empty()) return {};
  report.hostname = settings->hostname;
  report.to = envelope.sender;
  report.id = hex(random_bytes(8));
  report.now = unix_seconds(clock_.now());
  report.envelope_id = printable(smtp::from_xtext(envelope.envelope_id), 200);
  report.accepted = envelope.accepted;
  // RFC 8689 section 5: of what required TLS only the header comes back.
  report.is_whole = kind == Kind::Failed && envelope.ret != Envelope::Return::Headers &&
                    !envelope.require_tls && envelope.size <= kWhole;
  auto original =
      header.empty() ? this->original(envelope, report.is_whole) : Result<std::string>(header);
  // Without its message, a report is better than none.
  if (original) report.original = *std::move(original);
  const auto tls =
      envelope.require_tls ? MailIntake::ReportTls::Require : MailIntake::ReportTls::May;
  const auto sent = intake_.send_report(report.id, envelope.sender, report.print(), tls);
  if (sent)
    log.info("sender-told", {{"id", envelope.id},
                             {"report", report.id},
                             {"to", envelope.sender},
                             {"recipients", report.recipients.size()}});
  return sent;
}

Result<std::string> SenderNotices::original(const Envelope& envelope, bool whole) {
  const auto file = queue_.message(envelope.id);
  if (!file) return fail(file.error());
  const std::size_t wanted =
      whole ? envelope.size : std::min<std::uint64_t>(envelope.size, kHeader);
  std::string text(wanted, '\0');
  const ssize_t got = read_at(*file, envelope.skip, text);
  if (got < 0) return fail(Error::Code::Temporary, "the message cannot be read");
  text.resize(static_cast<std::size_t>(got));
  if (!whole) text.resize(mail::header_size(text));
  return text;
}

}  // namespace waxwing
