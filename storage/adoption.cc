#include "storage/adoption.h"

#include <algorithm>

#include "base/log.h"
#include "storage/file_name.h"
#include "storage/maildir_account.h"

namespace waxwing {
namespace {

constexpr std::size_t kMaxUnique = 150;  // leaves room for our fields in 255 bytes
// Where the system does not tell who writes, a file is whole when it was left alone for so long.
constexpr std::int64_t kQuietSeconds = 5;
// A program that keeps a file open for so long without writing does not mean to go on.
constexpr std::int64_t kPatienceSeconds = 3600;

// Passes bytes on with CRLF for every LF that has no CR before it.
class LineEnds {
 public:
  std::string convert(std::string_view bytes) {
    std::string result;
    result.reserve(bytes.size() + bytes.size() / 16);
    for (char c : bytes) {
      if (c == '\n' && last_ != '\r') result += '\r', found_bare_ = true;
      result += c;
      last_ = c;
    }
    return result;
  }
  bool found_bare() const { return found_bare_; }

 private:
  char last_ = '\0';
  bool found_bare_ = false;
};

}  // namespace

Adoption::Report Adoption::take_in(const std::vector<Stray>& strays) {
  Report report;
  for (const auto& stray : strays) {
    auto done = take_in(stray);
    if (done || done.error().code == Error::Code::NotFound) continue;
    if (done.error().code == Error::Code::Cancelled) {
      report.is_unfinished = true;
      continue;
    }
    const Error::Code code = done.error().code;
    report.refused.emplace_back(stray.directory + "/" + stray.name, std::move(done.error()));
    // None of the others would fare better.
    if (code == Error::Code::NoSpace || code == Error::Code::ReadOnly) break;
  }
  return report;
}

Outcome Adoption::take_in(const Stray& stray) {
  auto prepared = prepare(stray.directory + "/" + stray.name);
  if (!prepared) return fail(prepared.error());
  auto done = place(stray, *prepared);
  if (!done && prepared->is_copy) (void)context_.disk.remove(prepared->path);
  return done;
}

Result<Adoption::Prepared> Adoption::prepare(const std::string& path) {
  auto stat = context_.disk.stat(path);
  if (!stat) return fail(stat.error());
  if (!stat->is_regular) return fail(Error::Code::Invalid, "not a regular file");
  auto file = context_.disk.open(path, Disk::Mode::Read);
  if (!file) return fail(file.error());
  Prepared prepared{path, std::move(*file), *stat, false, 0, nullptr};
  if (auto done = check_whole(path, prepared); !done) return fail(done.error());
  mail::Parser parser;
  LineEnds ends;
  for (std::uint64_t offset = 0;;) {
    auto piece = context_.disk.read(prepared.file, offset, Disk::kPiece);
    if (!piece) return fail(piece.error());
    if (piece->empty()) break;
    offset += piece->size();
    const std::string converted = ends.convert(*piece);
    prepared.size += converted.size();
    parser.feed(converted);
  }
  const mail::Message message = parser.finish();
  prepared.parsed = std::make_shared<const Parsed>(
      Parsed{message.header, message.header_is_whole, mail::encode(message)});
  if (!ends.found_bare()) return prepared;
  if (auto done = convert(prepared); !done) {
    if (prepared.is_copy) (void)context_.disk.remove(prepared.path);
    return fail(done.error());
  }
  return prepared;
}

// Whoever goes on writing would write into our message, or into a file that we removed. Programs
// that keep to Maildir (tmp/, then link or rename) never have it open any more.
Outcome Adoption::check_whole(const std::string& path, const Prepared& prepared) {
  auto now = context_.disk.stat(path);
  if (!now) return fail(now.error());
  const auto& then = prepared.stat;
  const bool is_same = now->inode == then.inode && now->size == then.size &&
                       now->modified == then.modified &&
                       now->modified_nanoseconds == then.modified_nanoseconds;
  if (!is_same) return fail(Error::Code::Cancelled, "file is being written");
  const std::int64_t age = unix_seconds(context_.clock.now()) - now->modified;
  auto is_open = context_.disk.is_being_written(prepared.file);
  if (is_open ? *is_open && age < kPatienceSeconds : age < kQuietSeconds)
    return fail(Error::Code::Cancelled, "file is being written");
  return {};
}

Outcome Adoption::convert(Prepared& prepared) {
  const std::string path = context_.staging() + "/" + context_.names.next(context_.clock.now());
  auto copy = context_.disk.open(path, Disk::Mode::Create);
  if (!copy) return fail(copy.error());
  prepared.path = path;
  prepared.is_copy = true;
  LineEnds ends;
  std::uint64_t size = 0;
  for (std::uint64_t offset = 0;;) {
    auto piece = context_.disk.read(prepared.file, offset, Disk::kPiece);
    if (!piece) return fail(piece.error());
    if (piece->empty()) break;
    offset += piece->size();
    const std::string converted = ends.convert(*piece);
    size += converted.size();
    if (auto done = context_.disk.write(*copy, converted); !done) return done;
  }
  if (size != prepared.size) return fail(Error::Code::Cancelled, "file is being written");
  if (auto done = context_.disk.set_time(*copy, prepared.stat.modified); !done) return done;
  // Before the original goes.
  return context_.disk.sync(*copy);
}

Outcome Adoption::remove_original(const std::string& original, const std::string& directory) {
  if (context_.sync_directories) {
    if (auto done = context_.disk.sync_directory(directory); !done) return done;
  }
  auto removed = context_.disk.remove(original);
  if (!removed && removed.error().code == Error::Code::NotFound) return {};
  return removed;
}

Outcome Adoption::place(const Stray& stray, Prepared& prepared) {
  auto& account = mailbox_.account();
  auto access = account.enter_to_write();
  if (!access) return fail(access.error());
  if (mailbox_.is_gone()) return fail(Error::Code::NotFound, "mailbox was removed");
  auto theirs = FileName::parse(stray.name).value_or(FileName{});
  const std::string original = stray.directory + "/" + stray.name;
  const std::string cur = mailbox_.folder(*access) + "/cur";
  // Once more, now that nobody of ours can come in between.
  if (auto done = check_whole(original, prepared); !done) return done;

  if (!theirs.unique.empty()) {
    const std::string base = stray.name.substr(0, stray.name.find(':'));
    auto known = access->index.find_unique(mailbox_.id(), theirs.unique);
    if (!known) return fail(known.error());
    for (const auto& entry : *known) {
      const std::string own = mailbox_.file(*access, entry);
      if (entry.base == base) {
        // Who reads a directory while a file is renamed may meet both names.
        auto there = context_.disk.stat(own);
        if (!there || there->inode == prepared.stat.inode)
          return fail(Error::Code::NotFound, "another name of a message");
      }
      // The crash came between the copy and the removal of the original.
      if (entry.row.size != prepared.size || !prepared.is_copy) continue;
      (void)context_.disk.remove(prepared.path);
      prepared.is_copy = false;
      return remove_original(original, cur);
    }
    // A name of ours is of a message that may live on somewhere else.
    if (!known->empty() || theirs.uid_validity) {
      theirs.copied_email_id = theirs.email_id();
      theirs.unique.clear();
    }
  }
  auto ticket = account.publisher().take(*access, mailbox_.shared(), 1);
  if (!ticket) return fail(ticket.error());

  const Keywords known_keywords = mailbox_.state(*access).record.keywords;
  const Time now = context_.clock.now();
  FileName name;
  name.unique = theirs.unique.empty() || theirs.unique.size() > kMaxUnique
                    ? context_.names.next(now)
                    : theirs.unique;
  name.copied_email_id = theirs.copied_email_id;
  name.size = prepared.size;
  name.uid_validity = mailbox_.uid_validity();
  name.uid = (*ticket)->first;
  name.flags = meaningful(theirs.flags, known_keywords);
  const std::string target = cur + "/" + name.to_string();
  if (auto done = context_.disk.rename(prepared.path, target); !done) {
    account.publisher().give_up(*access, **ticket);
    return done;
  }
  if (prepared.is_copy) {
    prepared.is_copy = false;
    // What stays is found to be this message when it is met again.
    if (auto removed = remove_original(original, cur); !removed)
      log.warning("adopted file stays", {{"reason", removed.error().text}});
  }
  Ticket::Arrival arrival;
  arrival.entry.row = {.uid = name.uid,
                       .size = static_cast<std::uint32_t>(prepared.size),
                       .internal_date = prepared.stat.modified,
                       .save_date = unix_seconds(now),
                       .flags = name.flags};
  arrival.entry.base = name.base();
  arrival.entry.settled = name.flags;
  arrival.parsed = prepared.parsed;
  (*ticket)->messages.push_back(std::move(arrival));
  (*ticket)->state = Ticket::State::Ready;
  return account.publisher().publish(*access, **ticket);
}

}  // namespace waxwing
