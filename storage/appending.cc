#include "storage/appending.h"

#include <algorithm>

#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {

Appending::Appending(StoreContext& context, MaildirMailbox& target,
                     std::span<const Mailbox::NewMessage> messages)
    : context_(context), target_(target), messages_(messages) {}

Appending::~Appending() {
  if (ticket_ && !done_) undo();
}

void Appending::replace(MaildirMailbox& source, Uid uid) {
  source_ = &source;
  replaced_ = uid;
}

Result<std::vector<Uid>> Appending::run() {
  if (auto done = prepare(); !done) return fail(done.error());
  if (auto done = check_room(); !done) return fail(done.error());
  for (auto& item : items_) {
    if (auto done = write(item); !done) return fail(done.error());
  }
  if (auto done = take(); !done) return fail(done.error());
  for (auto& item : items_) {
    if (auto done = place(item); !done) return fail(done.error());
  }
  if (auto done = sync(); !done) return fail(done.error());
  if (auto done = publish(); !done) return fail(done.error());
  std::vector<Uid> uids;
  for (std::size_t n = 0; n < items_.size(); ++n)
    uids.push_back(static_cast<Uid>(ticket_->first + n));
  return uids;
}

Outcome Appending::prepare() {
  const Time now = context_.clock.now();
  for (const auto& message : messages_) {
    auto* staged = dynamic_cast<StagedMessage*>(message.message);
    if (staged == nullptr) return fail(Error::Code::Invalid, "message of another store");
    if (!are_few(message.options.annotations)) {
      return fail(Error::Code::Limit, "too many annotations of a message");
    }
    Item item;
    item.message = staged;
    item.internal_date = unix_seconds(message.options.internal_date.value_or(now));
    items_.push_back(std::move(item));
  }
  return choose_flags();
}

// What leaves makes room for what comes.  RFC 8508 section 3.4
Outcome Appending::check_room() {
  std::uint64_t messages = items_.size(), bytes = 0;
  for (const auto& item : items_) bytes += item.message->size();
  for (const auto& message : messages_) {
    for (const auto& each : message.options.annotations) {
      if (each.value) bytes += each.entry.size() + each.value->size();
    }
  }
  if (source_) {
    const auto view = source_->view();
    if (const auto index = view->find(replaced_)) {
      --messages;
      bytes -= std::min<std::uint64_t>(bytes, (*view)[*index].size);
    }
  }
  if (messages == 0 && bytes == 0) return {};
  return target_.account().check_room(messages, bytes);
}

Outcome Appending::choose_flags() {
  auto access = target_.account().enter_to_write();
  if (!access) return fail(access.error());
  if (target_.is_gone()) return fail(Error::Code::NotFound, "mailbox was removed");
  if (auto done = target_.load(*access); !done) return done;
  // All keywords together first: when there are too many, none is made.
  std::vector<std::string> keywords;
  for (const auto& message : messages_) {
    const auto& more = message.options.flags.keywords;
    keywords.insert(keywords.end(), more.begin(), more.end());
  }
  constexpr auto kHow = MaildirMailbox::NewKeywords::Create;
  if (auto all = target_.keyword_bits(*access, keywords, kHow); !all) return fail(all.error());
  for (std::size_t n = 0; n < items_.size(); ++n) {
    const FlagChange& flags = messages_[n].options.flags;
    const auto bits = target_.keyword_bits(*access, flags.keywords, kHow);
    if (!bits) return fail(bits.error());
    items_[n].flags.bits = flags.system | *bits;
  }
  return {};
}

// Of many messages each is synced here already, when nobody waits for their UIDs yet.
Outcome Appending::write(Item& item) {
  auto file = item.message->open_file();
  if (!file) return fail(file.error());
  // INTERNALDATE is the file's mtime; copies share it.
  if (auto done = context_.disk.set_time(*file, item.internal_date); !done) return done;
  if (items_.size() > 1) return synced(context_.disk.sync(*file));
  item.file = std::move(*file);
  return {};
}

Outcome Appending::take() {
  auto& account = target_.account();
  auto access = account.enter_to_write();
  if (!access) return fail(access.error());
  if (auto done = skip_uids(*access); !done) return done;
  auto ticket = account.publisher().take(*access, target_.shared(), items_.size());
  if (!ticket) return fail(ticket.error());
  ticket_ = std::move(*ticket);
  directory_ = target_.folder(*access);
  const Time now = context_.clock.now();
  Uid uid = ticket_->first;
  for (auto& item : items_) {
    const FileName name{context_.names.next(now),
                        item.message->size(),
                        target_.uid_validity(),
                        uid,
                        {item.flags.bits & kFlagsInNames}};
    item.path = directory_ + "/cur/" + name.to_string();
    Ticket::Arrival arrival;
    arrival.entry.base = name.base();
    arrival.entry.settled = name.flags;
    arrival.entry.row = {.uid = uid,
                         .size = static_cast<std::uint32_t>(item.message->size()),
                         .internal_date = item.internal_date,
                         .save_date = unix_seconds(now),
                         .flags = item.flags};
    arrival.parsed = item.message->kept();
    ticket_->messages.push_back(std::move(arrival));
    ++uid;
  }
  if (auto done = annotate(*access); !done) return done;
  if (!source_) return {};
  ticket_->source = source_->shared();
  ticket_->moved = {replaced_};
  ticket_->is_replacement = true;
  return {};
}

// Before the files have names there, so that no message is ever without them.
Outcome Appending::annotate(Access& access) {
  std::vector<AccountDb::NewAnnotations> all;
  for (std::size_t n = 0; n < messages_.size(); ++n) {
    const auto& options = messages_[n].options;
    AccountDb::NewAnnotations annotated{static_cast<Uid>(ticket_->first + n), {}};
    for (const auto& change : options.annotations) {
      std::erase_if(annotated.second, [&](const MessageAnnotation& known) {
        return known.entry == change.entry && known.whose == change.whose;
      });
      if (change.value) annotated.second.push_back({change.entry, change.whose, *change.value});
    }
    if (!annotated.second.empty()) all.push_back(std::move(annotated));
  }
  return target_.annotate_new(access, target_.annotator(messages_.front().options.annotator), all);
}

// A message that is imported keeps its UID; those between stay unused.
Outcome Appending::skip_uids(Access& access) {
  for (std::size_t n = 0; n < messages_.size(); ++n) {
    const auto& wanted = messages_[n].options.uid;
    if (!wanted) continue;
    auto& next = target_.state(access).next_uid;
    if (*wanted < n || *wanted - n < next) {
      return fail(Error::Code::Invalid, "the UID is used, or none");
    }
    if (n == 0) next = *wanted;
    if (*wanted - n != next) return fail(Error::Code::Invalid, "the UIDs are not in sequence");
  }
  return {};
}

Outcome Appending::place(Item& item) {
  auto done = context_.disk.rename(item.message->path(), item.path);
  if (done) {
    item.message->has_moved();
    item.is_there = true;
  }
  // Another file system.
  if (!done && done.error().code == Error::Code::Limit) return place_copy(item);
  return done;
}

Outcome Appending::place_copy(Item& item) {
  const std::string made = directory_ + "/tmp/" + context_.names.next(context_.clock.now());
  auto file = context_.disk.open(made, Disk::Mode::Create);
  if (!file) return fail(file.error());
  auto done = item.message->copy_to(*file, {});
  if (done) done = context_.disk.set_time(*file, item.internal_date);
  if (done) done = context_.disk.rename(made, item.path);
  if (!done) {
    (void)context_.disk.remove(made);
    return done;
  }
  item.is_there = true;
  return synced(context_.disk.sync(*file));
}

// One fsync of the file behind its last name makes both durable; where there are many, the folder
// is synced once.
Outcome Appending::sync() {
  if (items_.size() == 1) {
    if (auto done = synced(context_.disk.sync(items_[0].file)); !done) return done;
    if (!context_.sync_directories) return {};
  }
  return synced(context_.disk.sync_directory(directory_ + "/cur"));
}

// Nobody knows what is on the disk after a sync that failed.
Outcome Appending::synced(Outcome done) {
  if (!done) target_.account().stop_writing(done.error());
  return done;
}

Outcome Appending::publish() {
  if (source_) return publish_replacement();
  // Nothing fails any more: an index that does not take the rows catches up later.
  done_ = true;
  ticket_->state = Ticket::State::Ready;
  auto& account = target_.account();
  auto access = account.enter();
  if (!access) return {};
  auto done = account.publisher().publish(*access, *ticket_);
  const bool is_unparsed = std::ranges::any_of(
      ticket_->messages, [](const Ticket::Arrival& arrival) { return !arrival.parsed; });
  if (is_unparsed) context_.background.request(account.weak_from_this());
  return done;
}

Outcome Appending::publish_replacement() {
  auto& account = target_.account();
  const MaildirAccount::Removal removal(account);
  std::vector<std::pair<Uid, std::string>> files;
  {
    auto access = account.enter();
    if (!access) return fail(access.error());
    auto path = source_->path(*access, replaced_);
    if (!path) return fail(Error::Code::Cancelled, "the message to replace is gone");
    files.emplace_back(replaced_, std::move(*path));
    // Only now, or whoever publishes it for us would take that name away.
    ticket_->state = Ticket::State::Ready;
    if (auto done = account.publisher().publish(*access, *ticket_); !done) return done;
    done_ = true;
  }
  account.remove_files(removal, *source_, files);
  return {};
}

void Appending::undo() {
  auto& account = target_.account();
  auto access = account.enter();
  if (!access) return;
  Uid uid = ticket_->first;
  bool has_annotations = false;
  std::vector<Uid> annotated;
  for (const auto& item : items_) {
    if (!messages_[annotated.size()].options.annotations.empty()) has_annotations = true;
    annotated.push_back(uid);
    // The client will come again, so these must not.
    if (item.is_there) account.remove_file(*access, target_, uid, item.path);
    ++uid;
  }
  if (has_annotations) (void)access->db.forget(target_.id(), annotated);
  if (ticket_->state == Ticket::State::Pending) account.publisher().give_up(*access, *ticket_);
}

}  // namespace waxwing
