#include "storage/maildir_mailbox.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "storage/adoption.h"
#include "storage/appending.h"
#include "storage/guarded_mailbox.h"
#include "storage/maildir_account.h"
#include "storage/reconciliation.h"
#include "storage/transfer.h"

namespace waxwing {
namespace {

Flags changed(Flags flags, const FlagChange& change, std::uint64_t bits) {
  constexpr std::uint64_t kSystem = (std::uint64_t{1} << Flags::kFirstKeyword) - 1;
  const std::uint64_t kept = change.kept | (change.keeps_keywords ? ~kSystem : 0);
  switch (change.mode) {
    case FlagChange::Mode::Add: return {flags.bits | bits};
    case FlagChange::Mode::Remove: return {flags.bits & ~bits};
    case FlagChange::Mode::Replace: return {(flags.bits & kept) | (bits & ~kept)};
  }
  return flags;
}

}  // namespace

MaildirMailbox::MaildirMailbox(StoreContext& context, MaildirAccount& account, MailboxRecord record)
    : context_(context),
      account_(account),
      id_(record.id),
      uid_validity_(record.uid_validity),
      name_(record.name),
      acl_(std::make_shared<const Acl>(record.acl)) {
  state_.next_uid = record.uid_mark;
  state_.record = std::move(record);
}

std::shared_ptr<MaildirMailbox> MaildirMailbox::shared() {
  // An account lets go of a mailbox that is removed; whoever has it open still does not.
  struct Held {
    std::shared_ptr<MaildirAccount> account;
    std::shared_ptr<MaildirMailbox> mailbox;
  };
  auto held = std::make_shared<Held>(Held{account_.shared_from_this(), shared_from_this()});
  return {std::move(held), this};
}

std::string MaildirMailbox::name() const {
  std::lock_guard lock(public_mutex_);
  return name_;
}

bool MaildirMailbox::is_gone() const {
  std::lock_guard lock(public_mutex_);
  return gone_;
}

std::shared_ptr<const Acl> MaildirMailbox::acl() const {
  std::lock_guard lock(public_mutex_);
  return acl_;
}

void MaildirMailbox::set_acl(const Access&, Acl acl) {
  state_.record.acl = acl;
  std::lock_guard lock(public_mutex_);
  acl_ = std::make_shared<const Acl>(std::move(acl));
}

View::Version MaildirMailbox::view() const {
  std::lock_guard lock(public_mutex_);
  return view_;
}

void MaildirMailbox::watch(std::weak_ptr<Watcher> watcher) {
  {
    std::lock_guard lock(public_mutex_);
    std::erase_if(watchers_, [](const auto& w) { return w.expired(); });
    watchers_.push_back(std::move(watcher));
    if (watchers_.size() > 1) return;
  }
  context_.new_mail.add(*this);
}

Result<std::string> MaildirMailbox::new_directory() {
  auto access = enter();
  if (!access) return fail(access.error());
  return folder(*access) + "/new";
}

bool MaildirMailbox::is_watched() {
  std::lock_guard lock(public_mutex_);
  std::erase_if(watchers_, [](const auto& w) { return w.expired(); });
  return !watchers_.empty();
}

void MaildirMailbox::show(Access& access, View::Version view) {
  const ModSeq modseq = view->highest_modseq();
  {
    std::lock_guard lock(public_mutex_);
    view_ = std::move(view);
  }
  access.notice(shared(), modseq);
}

void MaildirMailbox::show_expunged(Access& access, const std::vector<Uid>& uids, ModSeq modseq) {
  if (!state_.loaded) return access.notice(shared(), modseq);
  show_expunged(access, view(), uids, modseq);
}

void MaildirMailbox::show_expunged(Access& access, View::Version before,
                                   const std::vector<Uid>& uids, ModSeq modseq) {
  auto after = before->with_expunged(uids, modseq);
  account_.count_removed(access, before->size() - after->size(),
                         before->total_size() - after->total_size());
  state_.touched = true;
  show(access, std::move(after));
}

void MaildirMailbox::tell(ModSeq modseq) {
  std::vector<std::shared_ptr<Watcher>> alive;
  {
    std::lock_guard lock(public_mutex_);
    for (const auto& watcher : watchers_) {
      if (auto held = watcher.lock()) alive.push_back(std::move(held));
    }
  }
  for (const auto& watcher : alive) watcher->moved(id_, modseq);
  account_.tell(id_, modseq);
}

void MaildirMailbox::set_name(const Access&, std::string name, std::string folder) {
  state_.record.name = name;
  state_.record.folder = std::move(folder);
  std::lock_guard lock(public_mutex_);
  name_ = std::move(name);
}

void MaildirMailbox::set_gone(Access& access) {
  {
    std::lock_guard lock(public_mutex_);
    gone_ = true;
  }
  access.notice(shared(), view()->highest_modseq());
}

std::string MaildirMailbox::folder(const Access&) const {
  const auto& folder = state_.record.folder;
  return folder.empty() ? account_.maildir() : account_.maildir() + "/" + folder;
}

std::string MaildirMailbox::file(const Access& access, const IndexEntry& entry) const {
  return folder(access) + "/cur/" + entry.file_name();
}

Result<std::string> MaildirMailbox::path(Access& access, Uid uid) {
  if (is_gone() || !view()->find(uid)) return fail(Error::Code::NotFound, "message is gone");
  auto found = entry(access, uid);
  if (!found) return fail(found.error());
  return file(access, *found);
}

Result<Access> MaildirMailbox::enter() {
  auto access = account_.enter();
  if (!access) return access;
  if (is_gone()) return fail(Error::Code::NotFound, "mailbox was removed");
  if (auto done = load(*access); !done) return fail(done.error());
  return access;
}

Result<Access> MaildirMailbox::enter_to_write() {
  if (account_.is_read_only()) return fail(Error::Code::ReadOnly, "account is read-only");
  return enter();
}

Outcome MaildirMailbox::load(Access& access) {
  if (state_.loaded) return {};
  auto done = read_rows(access);
  if (!done && done.error().code == Error::Code::Corrupt) account_.distrust_index();
  return done;
}

Outcome MaildirMailbox::read_rows(Access& access) {
  // What a full disk keeps out of the index is read from memory.
  const auto caught_up = account_.publisher().catch_up(access);
  if (!caught_up && caught_up.error().code != Error::Code::NoSpace) return caught_up;
  if (auto done = forget_unused_keywords(access); !done) {
    log.warning("unused keywords are kept", {{"reason", done.error().text}});
  }
  auto rows = access.index.load(id_);
  if (!rows) return fail(rows.error());
  for (const MessageRow& row : account_.publisher().unindexed(id_)) {
    rows->rows.push_back(row);
    rows->highest_modseq = std::max(rows->highest_modseq, row.modseq);
  }
  state_.recent = rows->recent;
  auto view =
      View::make(std::move(rows->rows), published_uid_next(access),
                 std::max(rows->highest_modseq, state_.record.modseq), state_.record.keywords);
  state_.loaded = true;
  std::lock_guard lock(public_mutex_);
  view_ = std::move(view);
  return {};
}

Uid MaildirMailbox::published_uid_next(const Access&) const {
  return state_.tickets.empty() ? state_.next_uid : state_.tickets.front()->first;
}

Result<IndexEntry> MaildirMailbox::entry(Access& access, Uid uid) {
  if (const IndexEntry* waiting = account_.publisher().unindexed(id_, uid)) return *waiting;
  return access.index.entry(id_, uid);
}

Outcome MaildirMailbox::refresh() {
  std::vector<Stray> strays;
  {
    auto access = enter();
    if (!access) return fail(access.error());
    auto found = Reconciliation(account_, *access, *this).refresh();
    // On a full disk nothing is taken up, and what is here already can be read.
    if (!found && found.error().code == Error::Code::NoSpace) return {};
    if (!found) return fail(found.error());
    if (found->empty() || state_.adopting || account_.is_read_only()) return {};
    strays = std::move(*found);
    state_.adopting = true;
  }
  auto report = Adoption(context_, *this).take_in(strays);
  auto access = account_.enter();
  state_.adopting = false;
  if (!access) return fail(access.error());
  // One bad file is no reason to refuse the mailbox; it is said once.
  std::set<std::string> refused;
  for (auto& [path, error] : report.refused) {
    if (!state_.refused.contains(path)) {
      log.warning("file of another program is no message",
                  {{"account", account_.address()}, {"file", path}, {"reason", error.text}});
    }
    refused.insert(std::move(path));
  }
  state_.refused = std::move(refused);
  if (report.is_unfinished) {
    state_.strays = true;
    state_.cur = {};
    context_.background.request(account_.weak_from_this());
  }
  return {};
}

Outcome MaildirMailbox::take_strays() {
  {
    auto access = account_.enter();
    if (!access) return fail(access.error());
    if (!state_.strays || is_gone()) return {};
    state_.strays = false;
  }
  return refresh();
}

Outcome MaildirMailbox::reload(Access& access) {
  if (!state_.loaded) return {};
  auto rows = access.index.load(id_);
  if (!rows) return fail(rows.error());
  show(access,
       View::make(std::move(rows->rows), published_uid_next(access),
                  std::max(rows->highest_modseq, state_.record.modseq), state_.record.keywords));
  return {};
}

Result<Uid> MaildirMailbox::recent(Recent how) {
  auto access = enter();
  if (!access) return fail(access.error());
  const Uid first = state_.recent;
  const Uid next = view()->uid_next();
  if (how == Recent::Claim && first != next) {
    state_.recent = next;
    (void)access->index.set_recent(id_, next);
  }
  return first;
}

Result<std::vector<Uid>> MaildirMailbox::append(std::span<const NewMessage> messages) {
  return Appending(context_, *this, messages).run();
}

Result<Uid> MaildirMailbox::replace(Uid uid, const NewMessage& message, Mailbox& target) {
  const auto there = destination(target);
  if (!there) return fail(there.error());
  const auto options = permit(message.options, there->rights, there->user);
  if (!options) return fail(options.error());
  const NewMessage permitted{message.message, *options};
  const bool is_ours = &there->mailbox->account() == &account_;
  Appending appending(context_, *there->mailbox, std::span(&permitted, 1));
  if (is_ours) {
    appending.replace(*this, uid);
  } else if (!view()->find(uid)) {
    return fail(Error::Code::Cancelled, "what was to be replaced is gone");
  }
  const auto uids = appending.run();
  if (!uids) return fail(uids.error());
  if (!is_ours) {
    // Two indexes share no commit: after a crash in between both are there, never neither.
    if (auto gone = expunge(std::span(&uid, 1), Expunge::Any); !gone) return fail(gone.error());
  }
  return uids->front();
}

Result<std::uint64_t> MaildirMailbox::keyword_bits(Access& access,
                                                   const std::vector<std::string>& keywords,
                                                   NewKeywords how) {
  Keywords known = state_.record.keywords;
  std::vector<std::size_t> fresh;
  // All are found a place before any is made: what is refused changes nothing.
  for (const auto& keyword : keywords) {
    if (how == NewKeywords::Ignore || find_keyword(known, keyword) < known.size()) continue;
    const bool fits = keyword.size() <= kMaxKeyword &&
                      (is_usual_keyword(keyword) || room_for_keywords(known) > 0);
    if (!fits && how == NewKeywords::Create) {
      return fail(Error::Code::Limit, "too many keywords, or too long");
    }
    if (!fits) continue;
    fresh.push_back(free_place(known));
    if (fresh.back() == known.size()) known.emplace_back();
    known[fresh.back()] = keyword;
  }
  for (const std::size_t place : fresh) {
    auto done = access.db.set_keyword(id_, static_cast<int>(place), known[place]);
    if (!done) return fail(done.error());
  }
  if (!fresh.empty()) {
    state_.record.keywords = known;
    if (state_.loaded) show(access, view()->with_keywords(known));
  }
  std::uint64_t bits = 0;
  for (const auto& keyword : keywords) bits |= keyword_bit(known, keyword);
  return bits;
}

// While nobody has seen the mailbox, so that nobody takes one keyword for another. What a name of a
// file or account.sqlite still has of it must be gone as well.
Outcome MaildirMailbox::forget_unused_keywords(Access& access) {
  Keywords& known = state_.record.keywords;
  if (!are_keywords_scarce(known) || !state_.tickets.empty()) return {};
  const auto entries = access.index.entries(id_);
  if (!entries) return fail(entries.error());
  const auto more = access.db.more_keywords(id_);
  if (!more) return fail(more.error());
  std::uint64_t used = 0;
  for (const auto& entry : *entries) used |= entry.row.flags.bits | entry.settled.bits;
  for (const auto& row : account_.publisher().unindexed(id_)) used |= row.flags.bits;
  for (const auto& [uid, bits] : *more) used |= bits;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].empty() || (used & keyword_bit(i)) != 0) continue;
    if (auto done = access.db.set_keyword(id_, static_cast<int>(i), ""); !done) return done;
    known[i].clear();
  }
  return {};
}

Result<Mailbox::FlagOutcome> MaildirMailbox::change_flags(std::span<const Uid> uids,
                                                          const FlagChange& change,
                                                          std::optional<ModSeq> unchanged_since) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  const auto known = view();
  FlagOutcome outcome;
  outcome.modseq = known->highest_modseq();
  std::vector<MessageRow> rows;
  for (Uid uid : uids) {
    const auto index = known->find(uid);
    if (!index) continue;
    const MessageRow& row = (*known)[*index];
    if (unchanged_since && row.modseq > *unchanged_since) {
      outcome.conflicts.push_back(uid);
    } else {
      rows.push_back(row);
    }
  }
  // Where nothing may change no keyword is made either.
  if (rows.empty()) return outcome;
  auto bits = keyword_bits(
      *access, change.keywords,
      change.mode == FlagChange::Mode::Remove ? NewKeywords::Ignore : NewKeywords::Create);
  if (!bits) return fail(bits.error());
  const auto before = view();
  std::erase_if(rows, [&](MessageRow& row) {
    const Flags flags = changed(row.flags, change, change.system | *bits);
    return std::exchange(row.flags, flags) == flags;
  });
  if (rows.empty()) return outcome;
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.uid < b.uid; });

  auto& publisher = account_.publisher();
  if (auto done = publisher.catch_up(*access); !done) return fail(done.error());
  if (auto done = publisher.reserve_modseqs(*access, 1); !done) return fail(done.error());
  outcome.modseq = publisher.take_modseq();
  for (auto& row : rows) {
    row.modseq = outcome.modseq;
    outcome.changed.push_back(row.uid);
  }
  if (auto done = set_flags(*access, *before, rows); !done) return fail(done.error());
  show(*access, before->with_changed(rows, outcome.modseq));
  state_.unsettled = true;
  account_.request_work();
  return outcome;
}

// One statement for messages in a row that get the same flags.
Outcome MaildirMailbox::set_flags(Access& access, const View& before,
                                  std::span<const MessageRow> rows) {
  auto transaction = access.index.begin();
  for (std::size_t first = 0; first < rows.size();) {
    const std::size_t index = before.lower_bound(rows[first].uid);
    std::size_t end = first + 1;
    while (end < rows.size() && rows[end].flags == rows[first].flags &&
           before[index + (end - first)].uid == rows[end].uid) {
      ++end;
    }
    auto done = access.index.set_flags(id_, rows[first].uid, rows[end - 1].uid, rows[first].flags,
                                       rows[first].modseq);
    if (!done) return done;
    first = end;
  }
  return transaction.commit();
}

Outcome MaildirMailbox::remove_rows(Access& access, const std::vector<Uid>& uids,
                                    IndexDb::Expunged how) {
  auto& publisher = account_.publisher();
  if (auto done = publisher.catch_up(access); !done) return done;
  if (auto done = publisher.reserve_modseqs(access, uids.size()); !done) return done;
  ModSeq modseq = 0;
  auto transaction = access.index.begin();
  for (Uid uid : uids) {
    modseq = publisher.take_modseq();
    if (auto done = access.index.expunge(id_, uid, modseq, how); !done) return done;
  }
  if (auto done = transaction.commit(); !done) return done;
  show_expunged(access, uids, modseq);
  if (auto done = access.db.forget(id_, uids); !done) {
    log.warning("kept for expunged messages", {{"reason", done.error().text}});
  }
  return {};
}

Result<std::vector<Uid>> MaildirMailbox::expunge(std::span<const Uid> uids, Expunge which) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  const auto before = view();
  std::vector<Uid> ascending(uids.begin(), uids.end()), gone;
  std::sort(ascending.begin(), ascending.end());
  ascending.erase(std::unique(ascending.begin(), ascending.end()), ascending.end());
  std::vector<std::pair<Uid, std::string>> files;
  for (Uid uid : ascending) {
    auto index = before->find(uid);
    if (!index) continue;
    if (which == Expunge::Deleted && !(*before)[*index].flags.has(Flags::kDeleted)) continue;
    auto found = entry(*access, uid);
    if (!found) return fail(found.error());
    gone.push_back(uid);
    files.emplace_back(uid, file(*access, *found));
  }
  if (gone.empty()) return gone;
  const MaildirAccount::Removal removal(account_);
  if (auto done = remove_rows(*access, gone, IndexDb::Expunged::Removed); !done)
    return fail(done.error());
  access->release();
  account_.remove_files(removal, *this, files);
  return gone;
}

Result<Mailbox::Copied> MaildirMailbox::copy(std::span<const Uid> uids, Mailbox& target) {
  const auto there = destination(target);
  if (!there) return fail(there.error());
  return Transfer(context_, *this, *there).copy(uids);
}

Result<Mailbox::Copied> MaildirMailbox::move(std::span<const Uid> uids, Mailbox& target) {
  const auto there = destination(target);
  if (!there) return fail(there.error());
  return Transfer(context_, *this, *there).move(uids);
}

std::unique_ptr<TextLookup> MaildirMailbox::look_up_texts(const std::vector<TextKey>& keys) {
  return account_.look_up_texts(id_, keys);
}

Result<std::optional<std::vector<Uid>>> MaildirMailbox::expunged_since(ModSeq modseq) {
  auto access = enter();
  if (!access) return fail(access.error());
  auto start = access->index.log_start();
  if (!start) return fail(start.error());
  if (modseq < *start) return std::optional<std::vector<Uid>>();
  auto uids = access->index.expunged_since(id_, modseq);
  if (!uids) return fail(uids.error());
  return std::optional(std::move(*uids));
}

}  // namespace waxwing
