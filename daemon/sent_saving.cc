#include "daemon/sent_saving.h"

#include <utility>

#include "base/log.h"
#include "protocols/mail/header.h"

namespace waxwing {
namespace {

// Those of the recipients that the others are not told of.
std::string blind_fields(std::string_view header) {
  std::string fields = mail::filter_header(header, mail::Keep::Only, {"Bcc", "Resent-Bcc"});
  if (fields.ends_with("\r\n")) fields.resize(fields.size() - 2);  // the empty line
  return fields;
}

}  // namespace

Result<std::optional<SentSaving::Plan>> SentSaving::plan(const smtp::Origin& origin,
                                                         Staged& submitted) {
  if (!origin.identity) return std::nullopt;
  const std::string& address = origin.identity->address;
  const auto record = directory_.account(address);
  if (!record) return fail(record.error());
  if (!record->saves_sent) return std::nullopt;
  if (const auto room = store_.check_room(address, submitted.size()); !room) {
    if (room.error().code != Error::Code::OverQuota) return fail(room.error());
    log.warning(
        "sent mail is not saved",
        {{"session", origin.peer.session_id}, {"account", address}, {"reason", room.error().text}});
    return std::nullopt;
  }
  const auto account = store_.account(address);
  if (!account) return fail(account.error());
  auto sent = (*account)->special(SpecialUse::Sent);
  if (!sent && sent.error().code != Error::Code::NotFound) return fail(sent.error());
  auto fingerprint = sent_fingerprint(submitted);
  if (!fingerprint) return fail(fingerprint.error());
  Plan plan;
  plan.target = {.account = address,
                 .mailbox = sent ? *std::move(sent) : "Sent",
                 .prefix = blind_fields(submitted.finish().header),
                 .flags = {Flags::kSeen}};
  plan.fingerprint = fingerprint->value_or("");
  return plan;
}

void SentSaving::saved(Plan plan, const Store::Delivered& copy) {
  if (plan.fingerprint.empty()) return;
  copies_.note(plan.target.account, std::move(plan.fingerprint),
               {copy.mailbox, copy.uid_validity, copy.uid});
}

}  // namespace waxwing
