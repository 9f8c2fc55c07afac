#include "storage/adoption.h"

#include <algorithm>

#include "base/log.h"
#include "storage/file_name.h"
#include "storage/maildir_account.h"

namespace waxwing {
namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kMaxUnique = 150;  // leaves room for our fields in 255 bytes

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

Outcome Adoption::take_in(const std::vector<Stray>& strays) {
  for (const auto& stray : strays) {
    auto done = take_in(stray);
    if (!done && done.error().code != Error::Code::NotFound) return done;
  }
  return {};
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
  auto file = context_.disk.open(path, Disk::Mode::Read);
  if (!file) return fail(file.error());
  Prepared prepared{path, false, 0, stat->modified, nullptr};
  mail::Parser parser;
  LineEnds ends;
  for (std::uint64_t offset = 0;;) {
    auto piece = context_.disk.read(*file, offset, kPiece);
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
  if (auto done = convert(*file, prepared); !done) {
    (void)context_.disk.remove(prepared.path);
    return fail(done.error());
  }
  return prepared;
}

Outcome Adoption::convert(const Fd& file, Prepared& prepared) {
  const std::string path = context_.staging() + "/" + context_.names.next(context_.clock.now());
  auto copy = context_.disk.open(path, Disk::Mode::Create);
  if (!copy) return fail(copy.error());
  prepared.path = path;
  prepared.is_copy = true;
  LineEnds ends;
  for (std::uint64_t offset = 0;;) {
    auto piece = context_.disk.read(file, offset, kPiece);
    if (!piece) return fail(piece.error());
    if (piece->empty()) break;
    offset += piece->size();
    if (auto done = context_.disk.write(*copy, ends.convert(*piece)); !done) return done;
  }
  if (auto done = context_.disk.set_time(*copy, prepared.modified); !done) return done;
  // Before the original goes.
  return context_.disk.sync(*copy);
}

Outcome Adoption::place(const Stray& stray, Prepared& prepared) {
  auto& account = mailbox_.account();
  auto access = account.enter_to_write();
  if (!access) return fail(access.error());
  if (mailbox_.is_gone()) return fail(Error::Code::NotFound, "mailbox was removed");
  auto theirs = FileName::parse(stray.name).value_or(FileName{});
  const std::string original = stray.directory + "/" + stray.name;

  // The crash came between the copy and the removal of the original.
  if (!theirs.unique.empty()) {
    auto known = access->index.find_unique(mailbox_.id(), theirs.unique);
    if (!known) return fail(known.error());
    for (const auto& entry : *known) {
      if (entry.row.size != prepared.size) continue;
      // Nothing to do where the file is that message; the comparison will see so.
      if (mailbox_.file(*access, entry) == original)
        return fail(Error::Code::NotFound, "adopted already");
      if (!prepared.is_copy) continue;
      (void)context_.disk.remove(prepared.path);
      prepared.is_copy = false;
      return context_.disk.remove(original);
    }
    if (!known->empty()) theirs.unique.clear();
  }
  auto ticket = account.publisher().take(*access, mailbox_.shared(), 1);
  if (!ticket) return fail(ticket.error());

  const auto known_keywords = mailbox_.state(*access).record.keywords.size();
  const Time now = context_.clock.now();
  FileName name;
  name.unique = theirs.unique.empty() || theirs.unique.size() > kMaxUnique
                    ? context_.names.next(now)
                    : theirs.unique;
  name.size = prepared.size;
  name.uid_validity = mailbox_.uid_validity();
  name.uid = (*ticket)->first;
  name.flags = meaningful(theirs.flags, known_keywords);
  const std::string target = mailbox_.folder(*access) + "/cur/" + name.to_string();
  if (auto done = context_.disk.rename(prepared.path, target); !done) {
    account.publisher().give_up(*access, **ticket);
    return done;
  }
  if (prepared.is_copy) {
    prepared.is_copy = false;
    auto removed = context_.disk.remove(original);
    if (!removed && removed.error().code != Error::Code::NotFound) {
      log.warning("adopted file stays", {{"reason", removed.error().text}});
    }
  }
  Ticket::Arrival arrival;
  arrival.entry.row = {.uid = name.uid,
                       .size = static_cast<std::uint32_t>(prepared.size),
                       .internal_date = prepared.modified,
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
