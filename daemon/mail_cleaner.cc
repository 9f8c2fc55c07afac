#include "daemon/mail_cleaner.h"

#include <string>
#include <vector>

#include "base/log.h"

namespace waxwing {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::size_t kSlice = 1000;  // messages that go at once, so that sessions get their turn

}  // namespace

std::size_t MailCleaner::run() {
  const auto accounts = directory_.accounts();
  if (!accounts) {
    log.warning("cleaning failed", {{"reason", accounts.error().text}});
    return 0;
  }
  std::size_t removed = 0;
  for (const auto& record : *accounts) {
    if (is_stopping_) break;
    const auto count = clean(record);
    if (!count)
      log.warning("cleaning failed", {{"account", record.address}, {"reason", count.error().text}});
    if (!count || *count == 0) continue;
    log.info("cleaned", {{"account", record.address}, {"messages", *count}});
    removed += *count;
  }
  return removed;
}

Result<std::size_t> MailCleaner::clean(const AccountRecord& record) {
  const auto& [trash_days, junk_days] = record.cleaning;
  if (trash_days == 0 && junk_days == 0) return std::size_t{0};
  const auto account = store_.account(record.address);
  if (!account) return fail(account.error());
  const auto trash = clean(**account, SpecialUse::Trash, trash_days);
  if (!trash) return trash;
  const auto junk = clean(**account, SpecialUse::Junk, junk_days);
  if (!junk) return junk;
  return *trash + *junk;
}

Result<std::size_t> MailCleaner::clean(Account& account, SpecialUse use, std::uint32_t days) {
  if (days == 0) return std::size_t{0};
  const auto top = account.special(use);
  if (!top && top.error().code == Error::Code::NotFound) return std::size_t{0};
  if (!top) return fail(top.error());
  const auto mailboxes = account.mailboxes();
  if (!mailboxes) return fail(mailboxes.error());
  std::size_t removed = 0;
  for (const auto& info : *mailboxes) {
    const bool is_in_it = info.name == *top || info.name.starts_with(*top + "/");
    // Whoever gave a mailbox below it a use of its own wants more of it than of Trash.
    const bool has_use = info.name != *top && info.special_use != SpecialUse::None;
    if (!info.exists || !is_in_it || has_use) continue;
    const auto mailbox = account.mailbox(info.name);
    if (!mailbox) return fail(mailbox.error());
    const auto count = remove_old(**mailbox, days);
    if (!count) return count;
    removed += *count;
  }
  return removed;
}

Result<std::size_t> MailCleaner::remove_old(Mailbox& mailbox, std::uint32_t days) {
  const std::int64_t newest = unix_seconds(clock_.now()) - days * kDay;
  const auto view = mailbox.view();
  std::size_t removed = 0;
  std::vector<Uid> slice;
  const auto remove = [&]() -> Outcome {
    const auto gone = mailbox.expunge(slice, Mailbox::Expunge::Any);
    if (!gone) return fail(gone.error());
    removed += gone->size();
    slice.clear();
    return {};
  };
  for (std::size_t i = 0; i < view->size() && !is_stopping_; ++i) {
    const MessageRow& row = (*view)[i];
    if (row.save_date > newest) continue;
    slice.push_back(row.uid);
    if (slice.size() < kSlice) continue;
    if (auto done = remove(); !done) return fail(done.error());
  }
  if (!slice.empty()) {
    if (auto done = remove(); !done) return fail(done.error());
  }
  return removed;
}

}  // namespace waxwing
