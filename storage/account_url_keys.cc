#include "base/crypto.h"
#include "storage/maildir_account.h"

// The keys under which a user signs URLs of messages.  RFC 4467

namespace waxwing {
namespace {

constexpr std::size_t kKeySize = 32;

}  // namespace

Result<std::optional<std::string>> MaildirAccount::url_key(std::string_view mailbox,
                                                           std::uint32_t uid_validity) {
  auto access = enter();
  if (!access) return fail(access.error());
  return access->db.url_key(mailbox, uid_validity);
}

Result<std::string> MaildirAccount::make_url_key(std::string_view mailbox,
                                                 std::uint32_t uid_validity, UrlKey which) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  if (which == UrlKey::Missing) {
    auto known = access->db.url_key(mailbox, uid_validity);
    if (!known) return fail(known.error());
    if (*known) return std::move(**known);
  }
  std::string key = random_bytes(kKeySize);
  if (auto done = access->db.set_url_key(mailbox, uid_validity, key); !done) {
    return fail(done.error());
  }
  if (which == UrlKey::Anew) {
    const std::lock_guard lock(watchers_mutex_);
    ++url_key_changes_[std::string(mailbox)];
    ++all_url_key_changes_;
  }
  return key;
}

Outcome MaildirAccount::remove_url_keys() {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  if (auto done = access->db.remove_url_keys(); !done) return done;
  const std::lock_guard lock(watchers_mutex_);
  ++url_key_changes_[""];
  ++all_url_key_changes_;
  return {};
}

std::uint64_t MaildirAccount::url_key_changes(std::string_view mailbox) {
  if (mailbox.empty()) return all_url_key_changes_;
  const std::lock_guard lock(watchers_mutex_);
  const auto own = url_key_changes_.find(mailbox);
  const auto all = url_key_changes_.find("");
  return (own == url_key_changes_.end() ? 0 : own->second) +
         (all == url_key_changes_.end() ? 0 : all->second);
}

}  // namespace waxwing
