#include "daemon/send_quota.h"

#include "base/log.h"
#include "daemon/commands.h"
#include "daemon/intake_outgoing.h"
#include "protocols/smtp/reply.h"

namespace waxwing {
namespace {

using smtp::Reply;

Reply told(const SendCounts::Excess& excess) {
  return {450, "4.7.1",
          "Sending limit reached: " + std::to_string(excess.limit) +
              " recipients on other servers in " + (excess.is_of_day ? "a day" : "an hour") +
              "; there is room again at " + utc(unix_seconds(excess.until)) +
              ", and your postmaster can raise the limit"};
}

}  // namespace

Result<SendCounts::Limits> SendQuota::limits_of(const Settings& settings,
                                                const std::string& account) {
  const auto record = directory_.account(account);
  if (!record) return fail(record.error());
  return SendCounts::Limits{record->sends.per_hour.value_or(settings.limits.sends_per_hour),
                            record->sends.per_day.value_or(settings.limits.sends_per_day)};
}

std::optional<Reply> SendQuota::refuse(const Settings& settings, const std::string& account,
                                       std::size_t recipients) {
  if (recipients == 0) return std::nullopt;
  const auto limits = limits_of(settings, account);
  if (!limits) return smtp::reply_for(limits.error());
  const auto excess = counts_.check(account, recipients, *limits);
  if (!excess) return std::nullopt;
  return told(*excess);
}

std::optional<Reply> SendQuota::count(const Candidate& candidate) {
  const std::size_t recipients = remote_recipients(candidate.envelope).size();
  if (recipients == 0) return std::nullopt;
  const auto& account = candidate.origin.identity->address;
  const auto limits = limits_of(candidate.settings, account);
  if (!limits) return smtp::reply_for(limits.error());
  const auto excess = counts_.take(account, recipients, *limits);
  if (!excess) return std::nullopt;
  log.warning("sending limit", {{"session", candidate.origin.peer.session_id},
                                {"account", account},
                                {"limit", excess->limit},
                                {"of", excess->is_of_day ? "day" : "hour"}});
  return told(*excess);
}

IntakeCheck SendQuota::check() {
  return {"send-limit", IntakeCheck::Of::Users, false,
          [this](Candidate& candidate) { return count(candidate); }};
}

}  // namespace waxwing
