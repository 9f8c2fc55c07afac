#include "storage/account_db.h"

#include <algorithm>
#include <array>

namespace waxwing {
namespace {

// Entry n brings a database from user_version n to n + 1. Entries are never changed, only added.
constexpr std::array<const char*, 6> kMigrations = {
    "CREATE TABLE marks(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE mailboxes(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    "  folder TEXT NOT NULL, uid_validity INTEGER NOT NULL, uid_mark INTEGER NOT NULL,"
    "  special_use INTEGER NOT NULL);"
    "CREATE TABLE keywords(mailbox INTEGER NOT NULL, position INTEGER NOT NULL, keyword TEXT NOT "
    "NULL,"
    "  PRIMARY KEY(mailbox, position)) WITHOUT ROWID;"
    "CREATE TABLE subscriptions(name TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE pending(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, source TEXT NOT NULL,"
    "  target TEXT NOT NULL);"
    "CREATE TABLE more_keywords(key INTEGER PRIMARY KEY, bits INTEGER NOT NULL);"
    "CREATE TABLE uidls(key INTEGER PRIMARY KEY, uidl TEXT NOT NULL);"
    "CREATE TABLE hidden(key INTEGER PRIMARY KEY);",
    "CREATE TABLE annotations(mailbox INTEGER NOT NULL, entry TEXT NOT NULL, value BLOB NOT NULL,"
    "  PRIMARY KEY(mailbox, entry)) WITHOUT ROWID;"
    "ALTER TABLE mailboxes ADD COLUMN modseq INTEGER NOT NULL DEFAULT 0;",
    "CREATE TABLE acl(mailbox INTEGER NOT NULL, identifier TEXT NOT NULL, rights TEXT NOT NULL,"
    "  PRIMARY KEY(mailbox, identifier)) WITHOUT ROWID;",
    "CREATE TABLE url_keys(mailbox TEXT PRIMARY KEY, uid_validity INTEGER NOT NULL,"
    "  key BLOB NOT NULL) WITHOUT ROWID;",
    // How many octets there are is known without counting them.
    "CREATE TABLE message_annotations(key INTEGER NOT NULL, whose TEXT NOT NULL,"
    "  entry TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(key, whose, entry)) WITHOUT ROWID;"
    "CREATE TABLE annotated(key INTEGER PRIMARY KEY, modseq INTEGER NOT NULL);"
    "CREATE TABLE annotators(address TEXT PRIMARY KEY) WITHOUT ROWID;"
    "INSERT INTO marks VALUES('annotation_bytes', 0);"
    "CREATE TRIGGER annotation_added AFTER INSERT ON message_annotations BEGIN"
    "  UPDATE marks SET value=value+length(new.entry)+length(new.value)"
    "    WHERE name='annotation_bytes'; END;"
    "CREATE TRIGGER annotation_changed AFTER UPDATE OF value ON message_annotations BEGIN"
    "  UPDATE marks SET value=value+length(new.value)-length(old.value)"
    "    WHERE name='annotation_bytes'; END;"
    "CREATE TRIGGER annotation_removed AFTER DELETE ON message_annotations BEGIN"
    "  UPDATE marks SET value=value-length(old.entry)-length(old.value)"
    "    WHERE name='annotation_bytes'; END;",
    "INSERT INTO marks VALUES('account', random());"
    "CREATE TABLE private_annotations(account INTEGER NOT NULL, uid_validity INTEGER NOT NULL,"
    "  entry TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(account, uid_validity, entry))"
    "  WITHOUT ROWID;"};

constexpr const char* kModSeq = "modseq";
constexpr const char* kUidValidity = "uid_validity";

}  // namespace

Result<std::unique_ptr<AccountDb>> AccountDb::open(const std::string& path) {
  auto database = sqlite::Database::open(path, sqlite::Database::Synchronous::Full);
  if (!database) return fail(database.error());
  std::unique_ptr<AccountDb> result(new AccountDb(std::move(*database)));
  if (auto done = result->migrate(); !done) return fail(done.error());
  return result;
}

Outcome AccountDb::migrate() {
  auto version = database_.integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  const auto newest = static_cast<std::int64_t>(kMigrations.size());
  if (*version > newest) {
    return fail(Error::Code::Corrupt, "account.sqlite was made by a newer version of this program");
  }
  for (; *version < newest; ++*version) {
    sqlite::Transaction transaction(database_);
    auto done = database_.execute(kMigrations[static_cast<std::size_t>(*version)]);
    if (!done) return done;
    done = database_.execute(("PRAGMA user_version=" + std::to_string(*version + 1)).c_str());
    if (!done) return done;
    if (done = transaction.commit(); !done) return done;
  }
  return {};
}

Result<std::int64_t> AccountDb::number() {
  return database_.integer("SELECT value FROM marks WHERE name='account'");
}

Result<std::vector<MailboxRecord>> AccountDb::mailboxes() {
  std::vector<MailboxRecord> result;
  auto select = database_.prepare(
      "SELECT id, name, folder, uid_validity, uid_mark, special_use, modseq FROM mailboxes"
      " ORDER BY id");
  while (select.step()) {
    MailboxRecord record;
    record.id.value = select.integer(0);
    record.name = select.text(1);
    record.folder = select.text(2);
    record.uid_validity = static_cast<std::uint32_t>(select.integer(3));
    record.uid_mark = static_cast<Uid>(select.integer(4));
    record.special_use = static_cast<SpecialUse>(select.integer(5));
    record.modseq = static_cast<ModSeq>(select.integer(6));
    result.push_back(std::move(record));
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  const auto find = [&](std::int64_t id) -> MailboxRecord* {
    const auto record = std::ranges::lower_bound(result, MailboxId{id}, {}, &MailboxRecord::id);
    return record != result.end() && record->id.value == id ? &*record : nullptr;
  };
  auto keywords =
      database_.prepare("SELECT mailbox, keyword FROM keywords ORDER BY mailbox, position");
  while (keywords.step()) {
    if (auto* record = find(keywords.integer(0))) record->keywords.emplace_back(keywords.text(1));
  }
  if (auto done = keywords.finish(); !done) return fail(done.error());
  auto acl = database_.prepare("SELECT mailbox, identifier, rights FROM acl");
  while (acl.step()) {
    auto* record = find(acl.integer(0));
    const auto rights = Rights::parse(acl.text(2));
    if (record != nullptr && rights) record->acl.emplace(acl.text(1), *rights);
  }
  if (auto done = acl.finish(); !done) return fail(done.error());
  return result;
}

Result<std::uint32_t> AccountDb::new_uid_validity(std::int64_t now) {
  auto last = database_.integer("SELECT value FROM marks WHERE name='uid_validity'");
  if (!last) return fail(last.error());
  const std::int64_t next = std::max(now, *last + 1);
  auto set = database_.prepare("INSERT OR REPLACE INTO marks VALUES(?, ?)");
  if (auto done = set.bind(1, kUidValidity).bind(2, next).run(); !done) return fail(done.error());
  return static_cast<std::uint32_t>(next);
}

Result<MailboxRecord> AccountDb::add_mailbox(const std::string& name, const std::string& folder,
                                             SpecialUse use, std::int64_t now) {
  sqlite::Transaction transaction(database_);
  auto validity = new_uid_validity(now);
  if (!validity) return fail(validity.error());
  auto insert = database_.prepare(
      "INSERT INTO mailboxes(name, folder, uid_validity, uid_mark, special_use) VALUES(?, ?, ?, 1, "
      "?)");
  auto done = insert.bind(1, name)
                  .bind(2, folder)
                  .bind(3, std::int64_t{*validity})
                  .bind(4, static_cast<std::int64_t>(use))
                  .run();
  if (!done) return fail(done.error());
  MailboxRecord record{{database_.last_row()}, name, folder, *validity, 1, use, {}, 0, {}};
  if (done = transaction.commit(); !done) return fail(done.error());
  return record;
}

Outcome AccountDb::remove_mailbox(MailboxId id, const std::string& folder,
                                  const std::string& aside) {
  sqlite::Transaction transaction(database_);
  auto note = database_.prepare("INSERT INTO pending(kind, source, target) VALUES(0, ?, ?)");
  if (auto done = note.bind(1, folder).bind(2, aside).run(); !done) return done;
  auto remove = database_.prepare("DELETE FROM mailboxes WHERE id=?");
  if (auto done = remove.bind(1, id.value).run(); !done) return done;
  for (const char* sql :
       {"DELETE FROM keywords WHERE mailbox=?", "DELETE FROM annotations WHERE mailbox=?",
        "DELETE FROM acl WHERE mailbox=?"}) {
    if (auto done = database_.prepare(sql).bind(1, id.value).run(); !done) return done;
  }
  for (const char* sql : {"DELETE FROM more_keywords WHERE key BETWEEN ? AND ?",
                          "DELETE FROM uidls WHERE key BETWEEN ? AND ?",
                          "DELETE FROM hidden WHERE key BETWEEN ? AND ?",
                          "DELETE FROM message_annotations WHERE key BETWEEN ? AND ?",
                          "DELETE FROM annotated WHERE key BETWEEN ? AND ?"}) {
    auto statement = database_.prepare(sql);
    if (auto done = statement.bind(1, first_key(id)).bind(2, last_key(id)).run(); !done)
      return done;
  }
  return transaction.commit();
}

Outcome AccountDb::rename_mailboxes(std::span<const Renaming> renamings) {
  sqlite::Transaction transaction(database_);
  auto set = database_.prepare("UPDATE mailboxes SET name=?, folder=? WHERE id=?");
  auto note = database_.prepare("INSERT INTO pending(kind, source, target) VALUES(1, ?, ?)");
  for (const auto& r : renamings) {
    auto done = set.bind(1, r.name).bind(2, r.folder).bind(3, r.id.value).run();
    if (!done) return done;
    if (done = note.bind(1, r.old_folder).bind(2, r.folder).run(); !done) return done;
  }
  return transaction.commit();
}

Outcome AccountDb::undo_renaming(std::span<const Renaming> renamings) {
  sqlite::Transaction transaction(database_);
  auto set = database_.prepare("UPDATE mailboxes SET name=?, folder=? WHERE id=?");
  for (const auto& r : renamings) {
    auto done = set.bind(1, r.old_name).bind(2, r.old_folder).bind(3, r.id.value).run();
    if (!done) return done;
  }
  if (auto done = database_.execute("DELETE FROM pending WHERE kind=1"); !done) return done;
  return transaction.commit();
}

Outcome AccountDb::keep_folder(MailboxId id, const std::string& folder) {
  auto set = database_.prepare("UPDATE mailboxes SET folder=? WHERE id=?");
  return set.bind(1, folder).bind(2, id.value).run();
}

Outcome AccountDb::set_special_use(MailboxId id, SpecialUse use) {
  auto set = database_.prepare("UPDATE mailboxes SET special_use=? WHERE id=?");
  return set.bind(1, static_cast<std::int64_t>(use)).bind(2, id.value).run();
}

Outcome AccountDb::set_acl(MailboxId id, const Acl& acl) {
  sqlite::Transaction transaction(database_);
  auto clear = database_.prepare("DELETE FROM acl WHERE mailbox=?");
  if (auto done = clear.bind(1, id.value).run(); !done) return done;
  auto insert = database_.prepare("INSERT INTO acl VALUES(?, ?, ?)");
  for (const auto& [identifier, rights] : acl) {
    const std::string letters = rights.letters();
    auto done = insert.bind(1, id.value).bind(2, identifier).bind(3, letters).run();
    if (!done) return done;
  }
  return transaction.commit();
}

Outcome AccountDb::set_uid_validity(MailboxId id, std::uint32_t uid_validity) {
  auto last = database_.integer("SELECT value FROM marks WHERE name='uid_validity'");
  if (!last) return fail(last.error());
  sqlite::Transaction transaction(database_);
  auto mark = database_.prepare("INSERT OR REPLACE INTO marks VALUES(?, ?)");
  const std::int64_t highest = std::max(*last, std::int64_t{uid_validity});
  if (auto done = mark.bind(1, kUidValidity).bind(2, highest).run(); !done) return done;
  auto set = database_.prepare("UPDATE mailboxes SET uid_validity=? WHERE id=?");
  auto done = set.bind(1, std::int64_t{uid_validity}).bind(2, id.value).run();
  if (!done) return done;
  return transaction.commit();
}

Outcome AccountDb::note_leftover(const std::string& path) {
  auto note = database_.prepare("INSERT INTO pending(kind, source, target) VALUES(2, ?, '')");
  return note.bind(1, path).run();
}

Result<std::vector<AccountDb::Pending>> AccountDb::pending() {
  std::vector<Pending> result;
  auto select = database_.prepare("SELECT id, kind, source, target FROM pending ORDER BY id");
  while (select.step()) {
    result.push_back({select.integer(0), static_cast<Pending::Kind>(select.integer(1)),
                      std::string(select.text(2)), std::string(select.text(3))});
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Outcome AccountDb::finished(std::int64_t id) {
  return database_.prepare("DELETE FROM pending WHERE id=?").bind(1, id).run();
}

Outcome AccountDb::finished_renaming() {
  return database_.execute("DELETE FROM pending WHERE kind=1");
}

Outcome AccountDb::set_uid_mark(MailboxId id, Uid mark) {
  auto set = database_.prepare("UPDATE mailboxes SET uid_mark=? WHERE id=?");
  return set.bind(1, std::int64_t{mark}).bind(2, id.value).run();
}

Result<ModSeq> AccountDb::modseq_mark() {
  auto mark = database_.integer("SELECT value FROM marks WHERE name='modseq'");
  if (!mark) return fail(mark.error());
  return std::max<ModSeq>(1, static_cast<ModSeq>(*mark));
}

Outcome AccountDb::set_modseq_mark(ModSeq mark) {
  auto set = database_.prepare("INSERT OR REPLACE INTO marks VALUES(?, ?)");
  return set.bind(1, kModSeq).bind(2, static_cast<std::int64_t>(mark)).run();
}

Outcome AccountDb::set_keyword(MailboxId id, int position, const std::string& keyword) {
  auto insert = database_.prepare("INSERT OR REPLACE INTO keywords VALUES(?, ?, ?)");
  return insert.bind(1, id.value).bind(2, std::int64_t{position}).bind(3, keyword).run();
}

Result<std::vector<std::string>> AccountDb::subscriptions() {
  std::vector<std::string> result;
  auto select = database_.prepare("SELECT name FROM subscriptions ORDER BY name");
  while (select.step()) result.emplace_back(select.text(0));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Outcome AccountDb::subscribe(const std::string& name) {
  return database_.prepare("INSERT OR IGNORE INTO subscriptions VALUES(?)").bind(1, name).run();
}

Outcome AccountDb::unsubscribe(const std::string& name) {
  return database_.prepare("DELETE FROM subscriptions WHERE name=?").bind(1, name).run();
}

Result<std::optional<std::string>> AccountDb::url_key(std::string_view mailbox,
                                                      std::uint32_t uid_validity) {
  std::optional<std::string> key;
  auto select = database_.prepare("SELECT key FROM url_keys WHERE mailbox=? AND uid_validity=?");
  select.bind(1, mailbox).bind(2, std::int64_t{uid_validity});
  while (select.step()) key = std::string(select.text(0));
  if (auto done = select.finish(); !done) return fail(done.error());
  return key;
}

Outcome AccountDb::set_url_key(std::string_view mailbox, std::uint32_t uid_validity,
                               std::string_view key) {
  auto set = database_.prepare("INSERT OR REPLACE INTO url_keys VALUES(?, ?, ?)");
  return set.bind(1, mailbox).bind(2, std::int64_t{uid_validity}).bind_blob(3, key).run();
}

Outcome AccountDb::remove_url_keys() {
  return database_.execute("DELETE FROM url_keys");
}

Result<std::map<Uid, std::uint64_t>> AccountDb::more_keywords(MailboxId id) {
  std::map<Uid, std::uint64_t> result;
  auto select = database_.prepare("SELECT key, bits FROM more_keywords WHERE key BETWEEN ? AND ?");
  select.bind(1, first_key(id)).bind(2, last_key(id));
  while (select.step()) {
    result[uid_of_key(select.integer(0))] = static_cast<std::uint64_t>(select.integer(1));
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Outcome AccountDb::set_more_keywords(MailboxId id,
                                     std::span<const std::pair<Uid, std::uint64_t>> bits) {
  sqlite::Transaction transaction(database_);
  auto set = database_.prepare("INSERT OR REPLACE INTO more_keywords VALUES(?, ?)");
  auto clear = database_.prepare("DELETE FROM more_keywords WHERE key=?");
  for (auto [uid, mask] : bits) {
    auto done =
        mask == 0
            ? clear.bind(1, message_key(id, uid)).run()
            : set.bind(1, message_key(id, uid)).bind(2, static_cast<std::int64_t>(mask)).run();
    if (!done) return done;
  }
  return transaction.commit();
}

Result<std::map<Uid, std::string>> AccountDb::uidls(MailboxId id) {
  std::map<Uid, std::string> result;
  auto select = database_.prepare("SELECT key, uidl FROM uidls WHERE key BETWEEN ? AND ?");
  select.bind(1, first_key(id)).bind(2, last_key(id));
  while (select.step()) result[uid_of_key(select.integer(0))] = select.text(1);
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Outcome AccountDb::set_uidls(MailboxId id, std::span<const std::pair<Uid, std::string>> uidls) {
  sqlite::Transaction transaction(database_);
  auto set = database_.prepare("INSERT OR REPLACE INTO uidls VALUES(?, ?)");
  for (const auto& [uid, uidl] : uidls) {
    if (auto done = set.bind(1, message_key(id, uid)).bind(2, uidl).run(); !done) return done;
  }
  return transaction.commit();
}

Result<std::vector<Uid>> AccountDb::hidden(MailboxId id) {
  std::vector<Uid> result;
  auto select = database_.prepare("SELECT key FROM hidden WHERE key BETWEEN ? AND ? ORDER BY key");
  select.bind(1, first_key(id)).bind(2, last_key(id));
  while (select.step()) result.push_back(uid_of_key(select.integer(0)));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Outcome AccountDb::hide(MailboxId id, std::span<const Uid> uids) {
  sqlite::Transaction transaction(database_);
  auto insert = database_.prepare("INSERT OR IGNORE INTO hidden VALUES(?)");
  for (Uid uid : uids) {
    if (auto done = insert.bind(1, message_key(id, uid)).run(); !done) return done;
  }
  return transaction.commit();
}

Outcome AccountDb::forget(MailboxId id, std::span<const Uid> uids) {
  auto kept = database_.integer(
      "SELECT EXISTS(SELECT 1 FROM more_keywords) OR EXISTS(SELECT 1 FROM uidls)"
      " OR EXISTS(SELECT 1 FROM hidden) OR EXISTS(SELECT 1 FROM annotated)");
  if (!kept) return fail(kept.error());
  if (*kept == 0) return {};
  sqlite::Transaction transaction(database_);
  for (const char* sql :
       {"DELETE FROM more_keywords WHERE key=?", "DELETE FROM uidls WHERE key=?",
        "DELETE FROM hidden WHERE key=?", "DELETE FROM message_annotations WHERE key=?",
        "DELETE FROM annotated WHERE key=?"}) {
    auto statement = database_.prepare(sql);
    for (Uid uid : uids) {
      if (auto done = statement.bind(1, message_key(id, uid)).run(); !done) return done;
    }
  }
  return transaction.commit();
}

}  // namespace waxwing
