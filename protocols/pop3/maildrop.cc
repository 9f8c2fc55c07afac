#include "protocols/pop3/maildrop.h"

#include <algorithm>

#include "base/log.h"

namespace waxwing::pop3 {

Maildrop::Maildrop(std::shared_ptr<Account> account, std::shared_ptr<Mailbox> inbox,
                   PopPolicy policy)
    : account_(std::move(account)), inbox_(std::move(inbox)), policy_(policy) {}

Result<Maildrop> Maildrop::open(Store& store, const Identity& identity) {
  auto account = store.account(identity.address);
  if (!account) return fail(account.error());
  auto inbox = (*account)->mailbox("INBOX");
  if (!inbox) return fail(inbox.error());
  // What other programs dropped there is worth a try; without it the rest is still readable.
  if (const auto refreshed = (*inbox)->refresh(); !refreshed) {
    log.warning("refresh-failed",
                {{"account", identity.address}, {"error", refreshed.error().text}});
  }

  Maildrop maildrop(std::move(*account), std::move(*inbox), identity.pop3);
  maildrop.view_ = maildrop.inbox_->view();
  std::vector<Uid> hidden;
  if (identity.pop3 == PopPolicy::Keep) {
    auto uids = maildrop.inbox_->hidden_from_pop3();
    if (!uids) return fail(uids.error());
    hidden = std::move(*uids);
    std::sort(hidden.begin(), hidden.end());
  }
  maildrop.rows_.reserve(maildrop.view_->size());
  for (std::size_t i = 0; i < maildrop.view_->size(); ++i) {
    const MessageRow& row = (*maildrop.view_)[i];
    if (std::binary_search(hidden.begin(), hidden.end(), row.uid)) continue;
    maildrop.rows_.push_back(static_cast<std::uint32_t>(i));
    maildrop.total_octets_ += row.size;
  }
  maildrop.deleted_.resize(maildrop.rows_.size());
  return maildrop;
}

void Maildrop::mark_deleted(std::size_t number) {
  if (is_deleted(number)) return;
  deleted_[number - 1] = true;
  ++deleted_count_;
  total_octets_ -= octets(number);
}

void Maildrop::unmark_all() {
  for (std::size_t number = 1; number <= size() && deleted_count_ > 0; ++number) {
    if (!is_deleted(number)) continue;
    deleted_[number - 1] = false;
    --deleted_count_;
    total_octets_ += octets(number);
  }
}

Maildrop::Opener Maildrop::opener(std::size_t number) const {
  return [inbox = inbox_, uid = row(number).uid] { return inbox->open(uid); };
}

Result<std::vector<std::string>> Maildrop::uidls(std::size_t first, std::size_t count) {
  std::vector<Uid> uids;
  uids.reserve(count);
  for (std::size_t number = first; number < first + count; ++number) {
    uids.push_back(row(number).uid);
  }
  auto ids = inbox_->uidls(uids);
  if (ids && ids->size() != count) return fail(Error::Code::Corrupt, "not one UIDL per message");
  return ids;
}

Result<std::size_t> Maildrop::commit() {
  std::vector<Uid> uids;
  uids.reserve(deleted_count_);
  for (std::size_t number = 1; number <= size(); ++number) {
    if (is_deleted(number)) uids.push_back(row(number).uid);
  }
  if (policy_ == PopPolicy::Keep) {
    if (auto hidden = inbox_->hide_from_pop3(uids); !hidden) return fail(hidden.error());
  } else {
    if (auto gone = inbox_->expunge(uids, Mailbox::Expunge::Any); !gone) return fail(gone.error());
  }
  return uids.size();
}

}  // namespace waxwing::pop3
