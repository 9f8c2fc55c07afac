// Annotations of messages in account.sqlite.  RFC 5257
#include <algorithm>
#include <set>

#include "storage/account_db.h"

namespace waxwing {
namespace {

// Of a range that is so much longer than what is looked for, each message is asked for by itself.
constexpr std::size_t kSparse = 4;

constexpr const char* kSet =
    "INSERT INTO message_annotations VALUES(?, ?, ?, ?)"
    " ON CONFLICT(key, whose, entry) DO UPDATE SET value=excluded.value";
constexpr const char* kNote = "INSERT OR REPLACE INTO annotated VALUES(?, ?)";

std::string_view stored(Whose whose, std::string_view user) {
  return whose == Whose::Shared ? AccountDb::kShared : user;
}

// What has been read of one message, until the next one begins.
class Gathering {
 public:
  explicit Gathering(const VisitAnnotations& visit) : visit_(visit) {}

  // False: enough.
  bool add(Uid uid, MessageAnnotation annotation) {
    if (uid != uid_ && !finish()) return false;
    uid_ = uid;
    found_.push_back(std::move(annotation));
    return true;
  }
  bool finish() {
    const bool goes_on = found_.empty() || visit_(uid_, found_);
    found_.clear();
    return goes_on;
  }

 private:
  const VisitAnnotations& visit_;
  Uid uid_ = 0;
  std::vector<MessageAnnotation> found_;
};

}  // namespace

Outcome AccountDb::read_message_annotations(MailboxId id, std::span<const Uid> uids,
                                            std::string_view user, const AnnotationQuery& query,
                                            const VisitAnnotations& visit) {
  if (uids.empty()) return {};
  auto select = database_.prepare(
      "SELECT key, whose, entry, value FROM message_annotations WHERE key BETWEEN ? AND ?"
      " ORDER BY key");
  Gathering gathering(visit);
  bool goes_on = true;
  const auto read = [&](Uid first, Uid last) -> Outcome {
    select.bind(1, message_key(id, first)).bind(2, message_key(id, last));
    while (goes_on && select.step()) {
      const Uid uid = uid_of_key(select.integer(0));
      const std::string_view whose = select.text(1);
      const bool is_wanted = whose == kShared ? query.is_shared : query.is_private && whose == user;
      if (!is_wanted || (query.wants && !query.wants(select.text(2)))) continue;
      if (!std::ranges::binary_search(uids, uid)) continue;
      goes_on = gathering.add(
          uid, {std::string(select.text(2)), whose == kShared ? Whose::Shared : Whose::Private,
                std::string(select.text(3))});
    }
    return select.finish();
  };
  if (uids.back() - uids.front() < kSparse * uids.size()) {
    if (auto done = read(uids.front(), uids.back()); !done) return done;
  } else {
    for (std::size_t n = 0; goes_on && n < uids.size(); ++n) {
      if (auto done = read(uids[n], uids[n]); !done) return done;
    }
  }
  if (goes_on) gathering.finish();
  return {};
}

Result<AccountDb::Annotated> AccountDb::annotate_messages(
    MailboxId id, std::span<const Uid> uids, std::string_view user,
    std::span<const AnnotationChange> changes, ModSeq modseq, std::uint64_t room,
    const std::function<Outcome(const Annotated&)>& before_commit) {
  sqlite::Transaction transaction(database_);
  const auto size_before = size_of_message_annotations();
  if (!size_before) return fail(size_before.error());
  auto get = database_.prepare(
      "SELECT value FROM message_annotations WHERE key=? AND whose=? AND entry=?");
  auto set = database_.prepare(kSet);
  auto remove =
      database_.prepare("DELETE FROM message_annotations WHERE key=? AND whose=? AND entry=?");
  auto count = database_.prepare(
      "SELECT max(n) FROM (SELECT count(*) AS n FROM message_annotations"
      " WHERE key=? AND whose IN (?, ?) GROUP BY whose)");
  auto note = database_.prepare(kNote);
  Annotated result;
  std::set<std::size_t> effective;
  for (const Uid uid : uids) {
    const std::int64_t key = message_key(id, uid);
    bool is_changed = false;
    for (std::size_t n = 0; n < changes.size(); ++n) {
      const auto& [entry, whose, value] = changes[n];
      const std::string_view owner = stored(whose, user);
      get.bind(1, key).bind(2, owner).bind(3, entry);
      const bool is_there = get.step();
      const bool is_same = value ? is_there && get.text(0) == *value : !is_there;
      if (auto done = get.finish(); !done) return fail(done.error());
      if (is_same) continue;
      auto done = value ? set.bind(1, key).bind(2, owner).bind(3, entry).bind_blob(4, *value).run()
                        : remove.bind(1, key).bind(2, owner).bind(3, entry).run();
      if (!done) return fail(done.error());
      is_changed = true;
      effective.insert(n);
    }
    if (!is_changed) continue;
    count.bind(1, key).bind(2, kShared).bind(3, user);
    const bool are_too_many =
        count.step() && count.integer(0) > static_cast<std::int64_t>(kMaxMessageAnnotations);
    if (auto done = count.finish(); !done) return fail(done.error());
    if (are_too_many) return fail(Error::Code::Limit, "too many annotations of a message");
    auto noted = note.bind(1, key).bind(2, static_cast<std::int64_t>(modseq)).run();
    if (!noted) return fail(noted.error());
    result.uids.push_back(uid);
  }
  if (result.uids.empty()) return result;
  for (const std::size_t n : effective) result.changes.push_back(changes[n]);
  const auto size_after = size_of_message_annotations();
  if (!size_after) return fail(size_after.error());
  if (*size_after > *size_before && *size_after - *size_before > room) {
    return fail(Error::Code::OverQuota, "the account is full");
  }
  if (auto done = before_commit(result); !done) return fail(done.error());
  if (auto done = transaction.commit(); !done) return fail(done.error());
  return result;
}

Outcome AccountDb::add_message_annotations(MailboxId id, std::span<const NewAnnotations> messages,
                                           std::string_view user) {
  sqlite::Transaction transaction(database_);
  auto set = database_.prepare(kSet);
  auto note = database_.prepare(kNote);
  for (const auto& [uid, annotations] : messages) {
    const std::int64_t key = message_key(id, uid);
    for (const auto& [entry, whose, value] : annotations) {
      auto done =
          set.bind(1, key).bind(2, stored(whose, user)).bind(3, entry).bind_blob(4, value).run();
      if (!done) return done;
    }
    // The message is new, and so is its mod-sequence.
    if (auto done = note.bind(1, key).bind(2, std::int64_t{0}).run(); !done) return done;
  }
  return transaction.commit();
}

Result<bool> AccountDb::has_annotated_messages(MailboxId id) {
  auto select =
      database_.prepare("SELECT EXISTS(SELECT 1 FROM annotated WHERE key BETWEEN ? AND ?)");
  select.bind(1, message_key(id, 0)).bind(2, message_key(id, UINT32_MAX));
  const bool has = select.step() && select.integer(0) != 0;
  if (auto done = select.finish(); !done) return fail(done.error());
  return has;
}

Result<std::vector<std::pair<Uid, ModSeq>>> AccountDb::annotated_messages(MailboxId id) {
  std::vector<std::pair<Uid, ModSeq>> result;
  auto select =
      database_.prepare("SELECT key, modseq FROM annotated WHERE key BETWEEN ? AND ? ORDER BY key");
  select.bind(1, message_key(id, 0)).bind(2, message_key(id, UINT32_MAX));
  while (select.step()) {
    result.emplace_back(uid_of_key(select.integer(0)), static_cast<ModSeq>(select.integer(1)));
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Result<std::uint64_t> AccountDb::size_of_message_annotations() {
  auto size = database_.integer("SELECT value FROM marks WHERE name='annotation_bytes'");
  if (!size) return fail(size.error());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, *size));
}

Result<std::uint64_t> AccountDb::size_of_message_annotations(MailboxId id,
                                                             std::span<const Uid> uids,
                                                             std::string_view user) {
  auto sum = database_.prepare(
      "SELECT ifnull(sum(length(entry) + length(value)), 0) FROM message_annotations"
      " WHERE key=? AND whose IN (?, ?)");
  std::uint64_t size = 0;
  for (const Uid uid : uids) {
    sum.bind(1, message_key(id, uid)).bind(2, kShared).bind(3, user);
    if (sum.step()) size += static_cast<std::uint64_t>(sum.integer(0));
    if (auto done = sum.finish(); !done) return fail(done.error());
  }
  return size;
}

Result<std::vector<std::string>> AccountDb::annotators() {
  std::vector<std::string> result;
  auto select = database_.prepare("SELECT address FROM annotators");
  while (select.step()) result.emplace_back(select.text(0));
  if (auto done = select.finish(); !done) return fail(done.error());
  return result;
}

Outcome AccountDb::add_annotator(std::string_view address) {
  auto insert = database_.prepare("INSERT OR IGNORE INTO annotators VALUES(?)");
  return insert.bind(1, address).run();
}

Outcome AccountDb::rename_annotator(std::string_view from, std::string_view to) {
  sqlite::Transaction transaction(database_);
  auto clear = database_.prepare("DELETE FROM message_annotations WHERE whose=?");
  // Of that name there was somebody else, if anybody.
  if (!to.empty()) {
    if (auto done = clear.bind(1, to).run(); !done) return done;
    auto rename = database_.prepare("UPDATE message_annotations SET whose=? WHERE whose=?");
    if (auto done = rename.bind(1, to).bind(2, from).run(); !done) return done;
    if (auto done = add_annotator(to); !done) return done;
  }
  if (auto done = clear.bind(1, from).run(); !done) return done;
  auto forget = database_.prepare("DELETE FROM annotators WHERE address=?");
  if (auto done = forget.bind(1, from).run(); !done) return done;
  return transaction.commit();
}

}  // namespace waxwing
