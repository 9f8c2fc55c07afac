// What a mailbox does with message files one by one: open, read, parse, rename to their flags.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "storage/file_name.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"
#include "storage/reconciliation.h"

namespace waxwing {
namespace {

// Of messages that read() has in memory at once; the account's lock is open between slices.
constexpr std::size_t kReadSlice = 256;
constexpr std::size_t kReadSliceBytes = 4 << 20;
constexpr int kAttempts = 4;
constexpr std::size_t kNamesAhead = 32;

}  // namespace

Outcome MaildirMailbox::with_file(
    Uid uid, const std::function<Outcome(const std::string& path, const IndexEntry&)>& use) {
  for (int attempt = 1;; ++attempt) {
    std::string path;
    IndexEntry found;
    {
      auto access = enter();
      if (!access) return fail(access.error());
      auto indexed = entry(*access, uid);
      if (!indexed) return fail(indexed.error());
      found = std::move(*indexed);
      path = file(*access, found);
    }
    auto done = use(path, found);
    if (done || done.error().code != Error::Code::NotFound || attempt == kAttempts) return done;
    // We settled its flags in between, or another program renamed or removed it.
    if (attempt == 1) continue;
    auto access = enter();
    if (!access) return fail(access.error());
    auto compared = Reconciliation(account_, *access, *this).compare();
    if (!compared) return fail(compared.error());
  }
}

Result<MessageFile> MaildirMailbox::open(Uid uid) {
  MessageFile result;
  const auto open_file = [&](const std::string& path, std::uint64_t size) -> Outcome {
    auto opened = context_.disk.open(path, Disk::Mode::Read);
    if (!opened) return fail(opened.error());
    result = {std::make_shared<const Fd>(std::move(*opened)), size};
    return {};
  };
  if (const auto known = named_ahead(uid); known && open_file(known->path, known->size)) {
    return result;
  }
  auto done = with_file(uid, [&](const std::string& path, const IndexEntry& found) {
    return open_file(path, found.row.size);
  });
  if (!done) return fail(done.error());
  return result;
}

// Nothing: there is none in the index, or the reader has not come here in order.
std::optional<MaildirMailbox::NamedFile> MaildirMailbox::named_ahead(Uid uid) {
  auto access = enter();
  if (!access) return std::nullopt;
  auto& [last, entries] = state_.ahead;
  const Uid before = std::exchange(last, uid);
  const auto view = this->view();
  const auto index = view->find(uid);
  if (!index) return std::nullopt;
  const auto is_before = [](const IndexEntry& e, Uid u) { return e.row.uid < u; };
  auto found = std::lower_bound(entries.begin(), entries.end(), uid, is_before);
  if (found == entries.end() || found->row.uid != uid) {
    entries.clear();
    if (*index == 0 || (*view)[*index - 1].uid != before) return std::nullopt;
    auto read = access->index.entries_from(id_, uid, kNamesAhead);
    if (!read) return std::nullopt;
    entries = std::move(*read);
    found = entries.begin();
    if (found == entries.end() || found->row.uid != uid) return std::nullopt;
  }
  return NamedFile{file(*access, *found), found->row.size};
}

Outcome MaildirMailbox::read(std::span<const Uid> uids, Fields fields,
                             const std::function<bool(Uid, const Parsed&)>& visit) {
  std::vector<Uid> ascending(uids.begin(), uids.end());
  if (!std::is_sorted(ascending.begin(), ascending.end()))
    std::sort(ascending.begin(), ascending.end());
  std::span<const Uid> rest = ascending;
  while (!rest.empty()) {
    auto slice = rest.first(std::min(kReadSlice, rest.size()));
    auto found = read_slice(slice, fields);
    if (!found) return fail(found.error());
    auto next = found->begin();
    std::size_t done = 0;
    for (; done < slice.size(); ++done) {
      const Uid uid = slice[done];
      if (next != found->end() && next->first == uid) {
        if (!visit(uid, next->second)) return {};
        ++next;
        continue;
      }
      // The slice was cut because its headers are large; the rest is the next slice.
      if (next == found->end() && !found->empty() && uid > found->back().first && done > 0) break;
      if (fields == Fields::Indexed || !view()->find(uid)) continue;
      auto parsed = parse_file(uid);
      if (!parsed && parsed.error().code == Error::Code::NotFound) continue;
      if (!parsed) return fail(parsed.error());
      if (!visit(uid, *parsed)) return {};
    }
    rest = rest.subspan(done);
  }
  return {};
}

// One query over the range when the UIDs lie close together, else one for each.
Result<std::vector<std::pair<Uid, Parsed>>> MaildirMailbox::read_slice(std::span<const Uid> uids,
                                                                       Fields fields) {
  auto access = enter();
  if (!access) return fail(access.error());
  // Without it the files of the newest would be parsed again.
  (void)account_.publisher().catch_up(*access);
  std::vector<std::pair<Uid, Parsed>> result;
  std::size_t bytes = 0;
  auto wanted = uids.begin();
  auto take = [&](Uid uid, Parsed&& parsed) {
    wanted = std::lower_bound(wanted, uids.end(), uid);
    if (wanted == uids.end()) return false;
    if (*wanted != uid) return true;
    bytes += parsed.header.size() + parsed.message.size();
    result.emplace_back(uid, std::move(parsed));
    return bytes < kReadSliceBytes;
  };
  const bool dense = uids.back() - uids.front() < 4 * uids.size();
  if (dense) {
    auto done = access->index.read_range(id_, uids.front(), uids.back(), fields, take);
    if (!done) return fail(done.error());
    return result;
  }
  for (Uid uid : uids) {
    auto done = access->index.read_range(id_, uid, uid, fields, take);
    if (!done) return fail(done.error());
    if (bytes >= kReadSliceBytes) break;
  }
  return result;
}

Result<std::vector<Extract>> MaildirMailbox::extracts(int kind, Uid first, Uid last) {
  auto access = enter();
  if (!access) return fail(access.error());
  return access->index.extracts(id_, kind, first, last);
}

Outcome MaildirMailbox::keep_extracts(int kind, std::span<const Extract> extracts) {
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  auto transaction = access->index.begin();
  for (const Extract& extract : extracts) {
    if (auto done = access->index.set_extract(id_, kind, extract); !done) return done;
  }
  return transaction.commit();
}

// For messages whose fields the index does not have yet: after a rebuild, or after a commit that
// failed.
Result<Parsed> MaildirMailbox::parse_file(Uid uid) {
  auto opened = open(uid);
  if (!opened) return fail(opened.error());
  mail::Parser parser;
  for (std::uint64_t offset = 0;;) {
    auto piece = context_.disk.read(*opened->file, offset, Disk::kPiece);
    if (!piece) return fail(piece.error());
    if (piece->empty()) break;
    parser.feed(*piece);
    offset += piece->size();
  }
  const mail::Message message = parser.finish();
  Parsed parsed{message.header, message.header_is_whole, mail::encode(message)};
  auto access = enter();
  if (!access) return fail(access.error());
  if (!view()->find(uid)) return fail(Error::Code::NotFound, "message was expunged");
  (void)access->index.set_parsed(id_, uid, parsed);
  return parsed;
}

Result<bool> MaildirMailbox::parse_missing(std::size_t limit) {
  std::vector<Uid> uids;
  {
    auto access = account_.enter();
    if (!access) return fail(access.error());
    if (!state_.unparsed || is_gone()) return true;
    auto missing = access->index.unparsed(id_, limit);
    if (!missing) return fail(missing.error());
    uids = std::move(*missing);
    if (uids.size() < limit) state_.unparsed = false;
  }
  for (Uid uid : uids) {
    auto parsed = parse_file(uid);
    if (!parsed && parsed.error().code != Error::Code::NotFound) return fail(parsed.error());
  }
  return uids.size() < limit;
}

Result<bool> MaildirMailbox::settle(std::size_t limit) {
  auto access = account_.enter();
  if (!access) return fail(access.error());
  return settle(*access, limit);
}

// Under the lock: a rename takes some microseconds, and nobody may meet a file between two names.
Result<bool> MaildirMailbox::settle(Access& access, std::size_t limit) {
  if (!state_.unsettled || is_gone()) return true;
  if (auto done = account_.publisher().catch_up(access); !done) return fail(done.error());
  auto entries = access.index.unsettled(id_, limit);
  if (!entries) return fail(entries.error());

  std::vector<std::pair<Uid, std::uint64_t>> more;
  for (const auto& e : *entries) {
    const std::uint64_t now = e.row.flags.bits & ~kFlagsInNames;
    if (now != (e.settled.bits & ~kFlagsInNames)) more.emplace_back(e.row.uid, now);
  }
  if (!more.empty()) {
    if (auto done = access.db.set_more_keywords(id_, more); !done) return fail(done.error());
  }
  if (auto done = settle_names(access, *entries); !done) return fail(done.error());
  if (entries->size() < limit) state_.unsettled = false;
  return entries->size() < limit;
}

// A name that is ahead of its row looks like a change of another program, which would win over the
// next STORE. So what was renamed is recorded, or renamed back.
Outcome MaildirMailbox::settle_names(Access& access, const std::vector<IndexEntry>& entries) {
  Disk& disk = context_.disk;
  std::vector<std::pair<std::string, std::string>> renamed;
  Outcome outcome;
  auto record = [&]() -> Outcome {
    auto transaction = access.index.begin();
    for (const auto& e : entries) {
      IndexEntry now = e;
      now.settled = e.row.flags;
      const std::string from = file(access, e), to = file(access, now);
      if (from != to) {
        state_.touched = true;
        auto done = disk.rename(from, to);
        if (done) {
          renamed.emplace_back(from, to);
        } else if (done.error().code == Error::Code::NotFound) {
          // Another program was faster: its flags win when the directory is compared next.
          state_.cur = {};
        } else {
          outcome = done;
          break;
        }
      }
      auto done = access.index.set_file(id_, e.row.uid, e.base, now.settled);
      if (!done) return done;
    }
    return transaction.commit();
  };
  if (auto done = record(); !done) {
    for (auto name = renamed.rbegin(); name != renamed.rend(); ++name) {
      auto back = disk.rename(name->second, name->first);
      if (!back) account_.stop_writing({Error::Code::Temporary, back.error().text});
    }
    return done;
  }
  return outcome;
}

}  // namespace waxwing
