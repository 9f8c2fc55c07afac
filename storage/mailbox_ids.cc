#include <unordered_map>

#include "storage/file_name.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

// What names a message beside its UID: EMAILID (RFC 8474) and UIDL (RFC 1939); and which of them
// POP3 does not show.

namespace waxwing {
namespace {

std::string email_id(std::string_view base) {
  return FileName::parse(base).value_or(FileName{}).email_id();
}

}  // namespace

Result<std::vector<std::string>> MaildirMailbox::email_ids(std::span<const Uid> uids) {
  auto access = enter();
  if (!access) return fail(access.error());
  std::vector<std::string> result;
  for (Uid uid : uids) {
    auto found = entry(*access, uid);
    if (!found && found.error().code != Error::Code::NotFound) return fail(found.error());
    result.push_back(found ? email_id(found->base) : std::string());
  }
  return result;
}

Result<std::vector<std::vector<Uid>>> MaildirMailbox::find_email_ids(
    std::span<const std::string> ids) {
  std::unordered_map<std::string_view, std::size_t> wanted;
  for (std::size_t n = 0; n < ids.size(); ++n) wanted.emplace(ids[n], n);
  auto access = enter();
  if (!access) return fail(access.error());
  if (auto done = account_.publisher().catch_up(*access); !done) return fail(done.error());
  auto entries = access->index.entries(id_);
  if (!entries) return fail(entries.error());
  std::vector<std::vector<Uid>> result(ids.size());
  for (const auto& e : *entries) {
    const auto found = wanted.find(email_id(e.base));
    if (found != wanted.end()) result[found->second].push_back(e.row.uid);
  }
  return result;
}

Result<std::vector<std::string>> MaildirMailbox::uidls(std::span<const Uid> uids) {
  auto access = enter();
  if (!access) return fail(access.error());
  auto imported = access->db.uidls(id_);
  if (!imported) return fail(imported.error());
  std::vector<std::string> result;
  for (Uid uid : uids) {
    auto found = imported->find(uid);
    result.push_back(found != imported->end()
                         ? found->second
                         : std::to_string(uid_validity_) + "." + std::to_string(uid));
  }
  return result;
}

Outcome MaildirMailbox::set_uidls(std::span<const std::pair<Uid, std::string>> uidls) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  return access->db.set_uidls(id_, uidls);
}

Result<std::vector<Uid>> MaildirMailbox::hidden_from_pop3() {
  auto access = enter();
  if (!access) return fail(access.error());
  return access->db.hidden(id_);
}

Outcome MaildirMailbox::hide_from_pop3(std::span<const Uid> uids) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  return access->db.hide(id_, uids);
}

}  // namespace waxwing
