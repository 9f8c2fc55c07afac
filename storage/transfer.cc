#include "storage/transfer.h"

#include <algorithm>

#include "base/log.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {
namespace {
// Of messages looked up at once; the account's lock is open between slices.
constexpr std::size_t kTransferSlice = 512;
// Of annotations that are in memory at once.
constexpr std::size_t kAnnotationBytes = 4 << 20;
}  // namespace

Transfer::Transfer(StoreContext& context, MaildirMailbox& source, const Destination& target)
    : context_(context),
      source_(source),
      target_(*target.mailbox),
      rights_(target.rights),
      user_(target.user.empty() ? target_.account().address() : target.user) {}

bool Transfer::is_within_account() const {
  return &source_.account() == &target_.account();
}

Transfer::~Transfer() {
  if (ticket_ && !done_) undo();
}

Result<Mailbox::Copied> Transfer::copy(std::span<const Uid> uids) {
  if (auto done = gather(uids); !done) return fail(done.error());
  if (items_.empty()) return Mailbox::Copied{target_.uid_validity(), {}};
  if (auto done = check_room(); !done) return fail(done.error());
  if (auto done = take(); !done) return fail(done.error());
  if (auto done = copy_annotations(); !done) return fail(done.error());
  if (auto done = link_all(Unique::New); !done) return fail(done.error());
  if (auto done = publish(); !done) return fail(done.error());
  return copied();
}

Result<Mailbox::Copied> Transfer::move(std::span<const Uid> uids) {
  if (!is_within_account() || &source_ == &target_) {
    // Two indexes share no commit, and one folder cannot tell two names of a message apart: a copy,
    // then its original goes. After a crash in between the message is there twice, never not at
    // all.
    grows_ = !is_within_account();
    auto result = copy(uids);
    if (!result) return result;
    std::vector<Uid> moved;
    for (auto [from, to] : result->uids) moved.push_back(from);
    if (auto gone = source_.expunge(moved, Mailbox::Expunge::Any); !gone) return fail(gone.error());
    return result;
  }
  if (source_.account().is_read_only()) return fail(Error::Code::ReadOnly, "account is read-only");
  if (auto done = gather(uids); !done) return fail(done.error());
  if (items_.empty()) return Mailbox::Copied{target_.uid_validity(), {}};
  if (auto done = take(); !done) return fail(done.error());
  ticket_->source = source_.shared();
  if (auto done = copy_annotations(); !done) return fail(done.error());
  if (auto done = link_all(Unique::Kept); !done) return fail(done.error());
  for (auto [from, to] : uids_) ticket_->moved.push_back(from);
  const MaildirAccount::Removal removal(source_.account());
  if (auto done = publish(); !done) return fail(done.error());
  std::vector<std::pair<Uid, std::string>> files;
  for (const auto& item : items_) {
    if (item.uid != 0) files.emplace_back(item.uid, source_directory_ + item.entry.file_name());
  }
  source_.account().remove_files(removal, source_, files);
  return copied();
}

Outcome Transfer::gather(std::span<const Uid> uids) {
  std::vector<Uid> ascending(uids.begin(), uids.end());
  std::sort(ascending.begin(), ascending.end());
  ascending.erase(std::unique(ascending.begin(), ascending.end()), ascending.end());
  items_.reserve(ascending.size());
  for (std::span<const Uid> rest = ascending; !rest.empty();) {
    const auto slice = rest.first(std::min(kTransferSlice, rest.size()));
    if (auto done = gather_slice(slice); !done) return done;
    rest = rest.subspan(slice.size());
  }
  return {};
}

Outcome Transfer::gather_slice(std::span<const Uid> uids) {
  auto access = source_.account().enter();
  if (!access) return fail(access.error());
  auto annotated = access->db.has_annotated_messages(source_.id());
  if (!annotated) return fail(annotated.error());
  has_annotations_ = *annotated;
  if (source_.is_gone()) return fail(Error::Code::NotFound, "mailbox was removed");
  if (auto done = source_.load(*access); !done) return done;
  source_directory_ = source_.folder(*access) + "/cur/";
  const auto view = source_.view();
  for (Uid uid : uids) {
    auto index = view->find(uid);
    if (!index) continue;
    auto entry = source_.entry(*access, uid);
    if (!entry) return fail(entry.error());
    Item item{uid, std::move(*entry), {}, {}};
    item.entry.row = (*view)[*index];
    for (std::size_t k = 0; k < view->keywords().size(); ++k) {
      if (item.entry.row.flags.has_keyword(static_cast<int>(k))) {
        item.keywords.push_back(view->keywords()[k]);
      }
    }
    items_.push_back(std::move(item));
  }
  return {};
}

Outcome Transfer::check_room() {
  if (!grows_) return {};
  const auto limits = target_.account().quota();
  if (!limits) return fail(limits.error());
  if (limits->is_none()) return {};
  std::uint64_t bytes = 0;
  for (const auto& item : items_) bytes += item.entry.row.size;
  if (has_annotations_) {
    std::vector<Uid> uids;
    for (const auto& item : items_) uids.push_back(item.uid);
    auto access = source_.account().enter();
    if (!access) return fail(access.error());
    auto more =
        access->db.size_of_message_annotations(source_.id(), uids, source_.annotator(user_));
    if (!more) return fail(more.error());
    bytes += *more;
  }
  return target_.account().check_room(items_.size(), bytes);
}

Outcome Transfer::take() {
  auto& account = target_.account();
  auto access = account.enter_to_write();
  if (!access) return fail(access.error());
  if (target_.is_gone()) return fail(Error::Code::NotFound, "mailbox was removed");
  for (auto& item : items_) {
    if (!rights_.has(Rights::kWrite)) item.keywords.clear();
    auto bits =
        target_.keyword_bits(*access, item.keywords, MaildirMailbox::NewKeywords::CreateSome);
    if (!bits) return fail(bits.error());
    item.flags.bits = (item.entry.row.flags.bits & system_flags_for(rights_)) | *bits;
  }
  auto ticket = account.publisher().take(*access, target_.shared(), items_.size());
  if (!ticket) return fail(ticket.error());
  ticket_ = std::move(*ticket);
  target_directory_ = target_.folder(*access);
  return {};
}

// Before the files have names there, so that no copy is ever without them. What comes of a copy
// that is called off, or cut off by a crash, belongs to UIDs that nobody will have.  RFC 5257
// section 4.6
Outcome Transfer::copy_annotations() {
  if (!has_annotations_) return {};
  for (std::span<const Item> rest = items_; !rest.empty();) {
    const auto slice = rest.first(std::min(kTransferSlice, rest.size()));
    const Uid first = static_cast<Uid>(ticket_->first + (items_.size() - rest.size()));
    if (auto done = copy_annotations_of(slice, first); !done) return done;
    rest = rest.subspan(slice.size());
  }
  return {};
}

Outcome Transfer::copy_annotations_of(std::span<const Item> items, Uid first) {
  AnnotationQuery query;
  query.is_private = rights_.has(Rights::kRead);
  query.is_shared = rights_.has(Rights::kAnnotate);
  std::vector<Uid> uids;
  for (const auto& item : items) uids.push_back(item.uid);
  std::vector<AccountDb::NewAnnotations> some;
  std::size_t bytes = 0;
  Outcome outcome;
  const auto write = [&] {
    auto access = target_.account().enter_to_write();
    outcome = access ? target_.annotate_new(*access, target_.annotator(user_), some)
                     : Outcome(fail(access.error()));
    some.clear();
    bytes = 0;
    return outcome.has_value();
  };
  auto done = source_.read_annotations_of(
      source_.annotator(user_), uids, query,
      [&](Uid uid, std::span<const MessageAnnotation> annotations) {
        const auto place = std::ranges::lower_bound(uids, uid) - uids.begin();
        some.emplace_back(static_cast<Uid>(first + place),
                          std::vector(annotations.begin(), annotations.end()));
        for (const auto& each : annotations) bytes += each.value.size();
        return bytes < kAnnotationBytes || write();
      });
  if (!done) return done;
  if (outcome && !some.empty()) write();
  return outcome;
}

Outcome Transfer::link_all(Unique unique) {
  const Time now = context_.clock.now();
  Uid uid = ticket_->first;
  for (auto& item : items_) {
    FileName name;
    name.size = item.entry.row.size;
    name.uid_validity = target_.uid_validity();
    name.uid = uid;
    name.flags.bits = item.flags.bits & kFlagsInNames;
    const FileName source = FileName::parse(item.entry.base).value_or(FileName{});
    name.unique = source.unique;
    name.copied_email_id = source.copied_email_id;
    if (unique == Unique::New) {
      name.unique = context_.names.next(now);
      name.copied_email_id = source.email_id();
    }
    const std::string path = target_directory_ + "/cur/" + name.to_string();
    auto done =
        link(source_directory_ + item.entry.file_name(), path, uid, item.entry.row.internal_date);
    if (!done && done.error().code == Error::Code::NotFound) {
      // It was renamed since.
      done = source_.with_file(item.uid, [&](const std::string& from, const IndexEntry& entry) {
        item.entry.base = entry.base;
        item.entry.settled = entry.settled;
        return link(from, path, uid, item.entry.row.internal_date);
      });
    }
    if (!done && done.error().code == Error::Code::NotFound) {
      item.uid = 0;  // somebody expunged it
      unused_.push_back(uid++);
      continue;
    }
    if (!done) return done;
    Ticket::Arrival arrival;
    arrival.entry.row = item.entry.row;
    arrival.entry.row.uid = uid;
    arrival.entry.row.flags = item.flags;
    arrival.entry.row.save_date = unix_seconds(now);
    arrival.entry.base = name.base();
    arrival.entry.settled = name.flags;
    if (is_within_account()) arrival.copy_of = message_key(source_.id(), item.uid);
    ticket_->messages.push_back(std::move(arrival));
    uids_.emplace_back(item.uid, uid);
    ++uid;
  }
  auto done = context_.disk.sync_directory(target_directory_ + "/cur");
  if (!done) target_.account().stop_writing(done.error());
  return done;
}

Outcome Transfer::link(const std::string& from, const std::string& to, Uid uid,
                       std::int64_t internal_date) {
  auto done = context_.disk.link(from, to);
  if (done) linked_.emplace_back(uid, to);
  if (done || done.error().code != Error::Code::Limit) return done;

  // Too many names for one inode, or another file system: a second file.
  auto source = context_.disk.open(from, Disk::Mode::Read);
  if (!source) return fail(source.error());
  const std::string staged =
      target_directory_ + "/tmp/" + context_.names.next(context_.clock.now());
  auto file = context_.disk.open(staged, Disk::Mode::Create);
  if (!file) return fail(file.error());
  auto write = [&]() -> Outcome {
    for (std::uint64_t offset = 0;;) {
      auto piece = context_.disk.read(*source, offset, Disk::kPiece);
      if (!piece) return fail(piece.error());
      if (piece->empty()) break;
      if (auto written = context_.disk.write(*file, *piece); !written) return written;
      offset += piece->size();
    }
    if (auto set = context_.disk.set_time(*file, internal_date); !set) return set;
    if (auto synced = context_.disk.sync(*file); !synced) {
      target_.account().stop_writing(synced.error());
      return synced;
    }
    return context_.disk.rename(staged, to);
  };
  done = write();
  if (done) {
    linked_.emplace_back(uid, to);
  } else {
    (void)context_.disk.remove(staged);
  }
  return done;
}

void Transfer::undo() {
  auto& account = target_.account();
  auto access = account.enter();
  if (!access) return;
  for (const auto& [uid, path] : linked_) account.remove_file(*access, target_, uid, path);
  if (has_annotations_) {
    std::vector<Uid> uids;
    for (std::size_t n = 0; n < ticket_->count; ++n)
      uids.push_back(static_cast<Uid>(ticket_->first + n));
    (void)access->db.forget(target_.id(), uids);
  }
  if (ticket_->state == Ticket::State::Pending) account.publisher().give_up(*access, *ticket_);
}

Outcome Transfer::publish() {
  auto& account = target_.account();
  ticket_->state = Ticket::State::Ready;
  auto access = account.enter();
  if (!access) return fail(access.error());
  // What the source lacks its copy lacks as well; and another index has none of it.
  auto& unparsed = target_.state(*access).unparsed;
  if (is_within_account()) unparsed = unparsed || source_.state(*access).unparsed;
  auto done = account.publisher().publish(*access, *ticket_);
  if (unparsed) context_.background.request(account.weak_from_this());
  done_ = done.has_value();
  if (done && has_annotations_ && !unused_.empty()) {
    (void)access->db.forget(target_.id(), unused_);
  }
  return done;
}

Mailbox::Copied Transfer::copied() const {
  return {target_.uid_validity(), uids_};
}

}  // namespace waxwing
