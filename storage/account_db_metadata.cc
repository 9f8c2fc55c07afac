// Annotations of mailboxes in account.sqlite.  RFC 5464
#include "storage/account_db.h"

namespace waxwing {
namespace {

Result<AccountDb::Values> read_all(sqlite::Statement& select) {
  AccountDb::Values result;
  while (select.step()) result.emplace(select.text(0), select.text(1));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

}  // namespace

Result<AccountDb::Values> AccountDb::annotations(MailboxId id) {
  auto select = database_.prepare("SELECT entry, value FROM annotations WHERE mailbox=?");
  select.bind(1, id.value);
  return read_all(select);
}

Result<std::uint64_t> AccountDb::size_of_annotations() {
  auto size = database_.integer(
      "SELECT (SELECT ifnull(sum(length(value)), 0) FROM annotations)"
      " + (SELECT ifnull(sum(length(value)), 0) FROM private_annotations)");
  if (!size) return fail(size.error());
  return static_cast<std::uint64_t>(*size);
}

Outcome AccountDb::annotate(MailboxId id, const ValueChanges& changes, ModSeq modseq) {
  sqlite::Transaction transaction(database_);
  auto set = database_.prepare("INSERT OR REPLACE INTO annotations VALUES(?, ?, ?)");
  auto remove = database_.prepare("DELETE FROM annotations WHERE mailbox=? AND entry=?");
  for (const auto& [entry, value] : changes) {
    auto done = value ? set.bind(1, id.value).bind(2, entry).bind_blob(3, *value).run()
                      : remove.bind(1, id.value).bind(2, entry).run();
    if (!done) return done;
  }
  auto mark = database_.prepare("UPDATE mailboxes SET modseq=? WHERE id=?");
  auto done = mark.bind(1, static_cast<std::int64_t>(modseq)).bind(2, id.value).run();
  if (!done) return done;
  return transaction.commit();
}

Result<AccountDb::Values> AccountDb::private_annotations(const ForeignMailbox& mailbox) {
  auto select = database_.prepare(
      "SELECT entry, value FROM private_annotations WHERE account=? AND uid_validity=?");
  select.bind(1, mailbox.account).bind(2, std::int64_t{mailbox.uid_validity});
  return read_all(select);
}

Outcome AccountDb::annotate_privately(const ForeignMailbox& mailbox, const ValueChanges& changes) {
  sqlite::Transaction transaction(database_);
  auto set = database_.prepare("INSERT OR REPLACE INTO private_annotations VALUES(?, ?, ?, ?)");
  auto remove = database_.prepare(
      "DELETE FROM private_annotations WHERE account=? AND uid_validity=? AND entry=?");
  for (const auto& [entry, value] : changes) {
    auto& statement = value ? set : remove;
    statement.bind(1, mailbox.account).bind(2, std::int64_t{mailbox.uid_validity}).bind(3, entry);
    if (value) statement.bind_blob(4, *value);
    if (auto done = statement.run(); !done) return done;
  }
  return transaction.commit();
}

}  // namespace waxwing
