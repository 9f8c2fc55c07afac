#include "storage/reconciliation.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"
#include "storage/file_name.h"
#include "storage/maildir_account.h"

namespace waxwing {
namespace {

// After our own changes cur/ is compared again no sooner than after so long, and so much longer as
// the mailbox is larger.
constexpr std::int64_t kRestSeconds = 5;
constexpr std::int64_t kMessagesPerRestSecond = 2000;

std::string_view base_of(std::string_view file) {
  return file.substr(0, file.find(':'));
}

}  // namespace

Reconciliation::Reconciliation(MaildirAccount& account, Access& access, MaildirMailbox& mailbox)
    : account_(account), access_(access), mailbox_(mailbox), disk_(account.context().disk) {}

// A directory that changed in the second of the scan may have changed after it, too.
bool Reconciliation::has_changed(const MaildirMailbox::Scan& scan, const Disk::Stat& now) const {
  return now.modified != scan.modified || now.modified_nanoseconds != scan.nanoseconds ||
         now.modified >= scan.at - 1;
}

Result<std::vector<Stray>> Reconciliation::refresh() {
  auto& state = mailbox_.state(access_);
  const std::int64_t now = unix_seconds(account_.context().clock.now());
  const std::string folder = mailbox_.folder(access_);
  std::vector<Stray> strays;

  auto fresh = disk_.stat(folder + "/new");
  if (!fresh && fresh.error().code != Error::Code::NotFound) return fail(fresh.error());
  if (fresh && has_changed(state.fresh, *fresh)) {
    auto names = list(disk_, folder + "/new");
    if (!names) return fail(names.error());
    for (auto& name : *names) strays.push_back({folder + "/new", std::move(name)});
    // Strays that cannot be adopted now are found again.
    if (strays.empty()) state.fresh = {fresh->modified, fresh->modified_nanoseconds, now};
  }

  auto cur = disk_.stat(folder + "/cur");
  if (!cur) return fail(cur.error());
  if (!has_changed(state.cur, *cur)) return strays;
  const auto rest =
      kRestSeconds + static_cast<std::int64_t>(mailbox_.view()->size()) / kMessagesPerRestSecond;
  if (state.touched && state.cur.modified >= 0 && now < state.cur.at + rest) return strays;
  auto found = compare();
  if (!found) return found;
  strays.insert(strays.end(), found->begin(), found->end());
  state.cur = {cur->modified, cur->modified_nanoseconds, now};
  state.touched = !found->empty();
  return strays;
}

Result<std::vector<Stray>> Reconciliation::compare() {
  const std::string cur = mailbox_.folder(access_) + "/cur";
  auto files = list(disk_, cur);
  if (!files) return fail(files.error());
  std::vector<Stray> strays;
  auto done = compare_files(*files, [&](const Unknown& unknown) -> Outcome {
    if (unknown.name && is_ours(*unknown.name) && is_in_flight(unknown.name->uid)) return {};
    auto leftover = is_leftover(unknown);
    if (!leftover) return fail(leftover.error());
    if (*leftover) {
      auto removed = disk_.remove(cur + "/" + unknown.file);
      if (!removed && removed.error().code != Error::Code::NotFound) return removed;
      return {};
    }
    strays.push_back({cur, unknown.file});
    return {};
  });
  if (!done) return fail(done.error());
  return strays;
}

Result<std::vector<std::string>> Reconciliation::list(Disk& disk, const std::string& directory) {
  std::vector<std::string> names;
  auto done = disk.list(directory, [&](const Disk::Entry& entry) {
    if (!entry.is_directory && entry.name.front() != '.') names.push_back(entry.name);
  });
  if (!done) return fail(done.error());
  return names;
}

Outcome Reconciliation::compare_files(const std::vector<std::string>& files,
                                      const std::function<Outcome(const Unknown&)>& unknown) {
  if (auto done = account_.publisher().catch_up(access_); !done) return done;
  auto entries = access_.index.entries(mailbox_.id());
  if (!entries) return fail(entries.error());
  std::unordered_map<std::string_view, std::size_t> by_base;
  by_base.reserve(entries->size());
  for (std::size_t i = 0; i < entries->size(); ++i) by_base[(*entries)[i].base] = i;

  std::vector<bool> seen(entries->size());
  std::vector<const std::string*> others;
  for (const auto& file : files) {
    auto row = by_base.find(base_of(file));
    if (row == by_base.end() || seen[row->second]) {
      others.push_back(&file);
      continue;
    }
    seen[row->second] = true;
    const IndexEntry& entry = (*entries)[row->second];
    if (file == entry.file_name()) continue;
    auto name = FileName::parse(file);
    if (!name) continue;
    if (auto done = take_flags(entry, *name, file); !done) return done;
  }
  if (!reflagged_.empty()) {
    const ModSeq modseq = reflagged_.back().modseq;
    std::sort(reflagged_.begin(), reflagged_.end(),
              [](const auto& a, const auto& b) { return a.uid < b.uid; });
    if (mailbox_.state(access_).loaded)
      mailbox_.show(access_, mailbox_.view()->with_changed(reflagged_, modseq));
    reflagged_.clear();
  }

  std::vector<IndexEntry> missing;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) missing.push_back((*entries)[i]);
  }
  if (!missing.empty()) {
    if (auto done = expunge_vanished(missing); !done) return done;
  }
  for (const auto* file : others) {
    if (auto done = unknown({*file, FileName::parse(*file)}); !done) return done;
  }
  return {};
}

// Only what another program changed since we wrote the name; the rest stays as the row has it.
Outcome Reconciliation::take_flags(const IndexEntry& entry, const FileName& name,
                                   const std::string& file) {
  const Keywords& known = mailbox_.state(access_).record.keywords;
  const std::uint64_t in_name = meaningful(name.flags, known).bits;
  const std::uint64_t theirs = (entry.settled.bits ^ in_name) & kFlagsInNames;
  IndexEntry now = entry;
  now.row.flags.bits = (entry.row.flags.bits & ~theirs) | (in_name & theirs);
  now.settled.bits = (entry.settled.bits & ~kFlagsInNames) | in_name;

  auto& publisher = account_.publisher();
  if (auto done = publisher.reserve_modseqs(access_, 1); !done) return done;
  if (!(now.row.flags == entry.row.flags)) {
    now.row.modseq = publisher.take_modseq();
    auto done = access_.index.set_flags(mailbox_.id(), now.row.uid, now.row.uid, now.row.flags,
                                        now.row.modseq);
    if (!done) return done;
    reflagged_.push_back(now.row);
  }
  // Letters in another order or that we do not know: back to a name that the index can tell.
  if (file != now.file_name()) {
    const std::string cur = mailbox_.folder(access_) + "/cur/";
    if (auto done = disk_.rename(cur + file, cur + now.file_name()); !done) return done;
  }
  mailbox_.state(access_).unsettled = true;
  return access_.index.set_file(mailbox_.id(), now.row.uid, now.base, now.settled);
}

// A file may have changed its name while the directory was read, so it is looked for twice.
Outcome Reconciliation::expunge_vanished(const std::vector<IndexEntry>& missing) {
  auto files = list(disk_, mailbox_.folder(access_) + "/cur");
  if (!files) return fail(files.error());
  std::unordered_set<std::string_view> there;
  for (const auto& file : *files) there.insert(base_of(file));
  std::vector<Uid> gone;
  for (const auto& entry : missing) {
    if (!there.contains(entry.base)) gone.push_back(entry.row.uid);
  }
  if (gone.empty()) return {};
  log.info("messages vanished",
           {{"account", account_.address()}, {"mailbox", mailbox_.name()}, {"count", gone.size()}});
  return mailbox_.remove_rows(access_, gone, IndexDb::Expunged::Vanished);
}

bool Reconciliation::is_ours(const FileName& name) const {
  return name.uid_validity == mailbox_.uid_validity() && name.uid != 0;
}

bool Reconciliation::is_in_flight(Uid uid) const {
  const auto& tickets = mailbox_.state(access_).tickets;
  return std::any_of(tickets.begin(), tickets.end(),
                     [&](const auto& t) { return uid >= t->first && uid < t->first + t->count; });
}

Result<bool> Reconciliation::is_leftover(const Unknown& unknown) {
  if (!unknown.name || !is_ours(*unknown.name)) return false;
  auto how = access_.index.was_expunged(mailbox_.id(), unknown.name->uid);
  if (!how) return fail(how.error());
  return *how == IndexDb::Expunged::Removed;
}

}  // namespace waxwing
