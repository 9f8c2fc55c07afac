#include <algorithm>

#include "storage/maildir_account.h"

// What an account holds and may hold.  RFC 9208

namespace waxwing {

Result<Account::Usage> MaildirAccount::usage() {
  auto access = enter();
  if (!access) return fail(access.error());
  if (!usage_) {
    (void)publisher_.catch_up(*access);
    auto totals = access->index.totals();
    if (!totals) return fail(totals.error());
    usage_ = Usage{totals->messages, totals->bytes};
  }
  // Annotations of messages count as well, to the octet.
  auto annotations = access->db.size_of_message_annotations();
  if (!annotations) return fail(annotations.error());
  return Usage{usage_->messages, usage_->bytes + *annotations};
}

Result<std::uint64_t> MaildirAccount::annotation_room() {
  const auto limits = quota();
  if (!limits) return fail(limits.error());
  if (limits->bytes == 0) return UINT64_MAX;
  const auto used = usage();
  if (!used) return fail(used.error());
  return limits->bytes - std::min(limits->bytes, used->bytes);
}

Result<QuotaLimits> MaildirAccount::quota() {
  if (context_->options.quotas == nullptr) return QuotaLimits{};
  return context_->options.quotas->limits(address_);
}

Outcome MaildirAccount::check_room(std::uint64_t messages, std::uint64_t bytes) {
  const auto limits = quota();
  if (!limits) return fail(limits.error());
  if (limits->is_none()) return {};
  const auto used = usage();
  if (!used) return fail(used.error());
  const bool is_over = (limits->bytes != 0 && used->bytes + bytes > limits->bytes) ||
                       (limits->messages != 0 && used->messages + messages > limits->messages);
  if (is_over) return fail(Error::Code::OverQuota, "the account is full");
  return {};
}

void MaildirAccount::count_added(Access&, const std::vector<MessageRow>& rows) {
  if (!usage_) return;
  usage_->messages += rows.size();
  for (const auto& row : rows) usage_->bytes += row.size;
}

void MaildirAccount::count_removed(Access&, std::uint64_t messages, std::uint64_t bytes) {
  if (!usage_) return;
  usage_->messages -= std::min(usage_->messages, messages);
  usage_->bytes -= std::min(usage_->bytes, bytes);
}

}  // namespace waxwing
