#include "storage/delivery.h"

#include <algorithm>
#include <future>
#include <set>

#include "base/log.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {

Delivery::Delivery(StoreContext& context, StagedMessage& message, Time internal_date)
    : context_(context), message_(message), internal_date_(unix_seconds(internal_date)) {}

Delivery::~Delivery() {
  if (!done_) undo();
  for (auto& variant : variants_) {
    if (!variant.path.empty()) (void)context_.disk.remove(variant.path);
  }
}

void Delivery::add(std::shared_ptr<MaildirMailbox> mailbox, const std::string& prefix,
                   Flags flags) {
  auto variant = std::find_if(variants_.begin(), variants_.end(),
                              [&](const auto& v) { return v.prefix == prefix; });
  if (variant == variants_.end()) {
    variants_.emplace_back().prefix = prefix;
    variant = variants_.end() - 1;
  }
  Place place;
  place.mailbox = std::move(mailbox);
  place.variant = static_cast<std::size_t>(variant - variants_.begin());
  place.flags = flags;
  places_.push_back(std::move(place));
}

void Delivery::add(Store::Outgoing& outgoing, std::string_view prefix) {
  if (variants_.empty()) variants_.emplace_back().prefix = prefix;
  spooling_.emplace(context_, outgoing);
  spooling_->describe(variants_.front().prefix.size() - prefix.size(),
                      message_.size() + prefix.size());
}

Outcome Delivery::run() {
  message_.finish();
  for (auto& variant : variants_) {
    if (auto done = write(variant, context_.staging_folder()); !done) return done;
  }
  for (auto& place : places_) {
    if (auto done = take(place); !done) return done;
  }
  if (auto done = link_all(); !done) return done;
  if (auto done = sync(); !done) {
    for (auto& place : places_) place.mailbox->account().stop_writing(done.error());
    return done;
  }
  done_ = true;
  publish();
  if (spooling_) spooling_->publish();
  return {};
}

std::vector<Uid> Delivery::uids() const {
  std::vector<Uid> result;
  for (const auto& place : places_) result.push_back(place.ticket->first);
  return result;
}

Outcome Delivery::write(Variant& variant, const std::string& directory) {
  const std::string path = directory + "/" + context_.names.next(context_.clock.now());
  auto file = context_.disk.open(path, Disk::Mode::Create);
  if (!file) return fail(file.error());
  variant.file = std::move(*file);
  variant.path = path;
  if (auto done = message_.copy_to(variant.file, variant.prefix); !done) return done;
  // INTERNALDATE is the file's mtime; copies share it.
  if (auto done = context_.disk.set_time(variant.file, internal_date_); !done) return done;
  variant.parsed = std::make_shared<const Parsed>(message_.parsed(variant.prefix));
  return {};
}

Outcome Delivery::take(Place& place) {
  auto& account = place.mailbox->account();
  auto access = account.enter_to_write();
  if (!access) return fail(access.error());
  auto ticket = account.publisher().take(*access, place.mailbox, 1);
  if (!ticket) return fail(ticket.error());
  place.ticket = std::move(*ticket);

  const Time now = context_.clock.now();
  const std::uint64_t size = message_.size() + variants_[place.variant].prefix.size();
  FileName name{context_.names.next(now),
                size,
                place.mailbox->uid_validity(),
                place.ticket->first,
                {place.flags.bits & kFlagsInNames}};
  Ticket::Arrival arrival;
  arrival.entry.base = name.base();
  arrival.entry.settled = name.flags;
  arrival.entry.row = {.uid = place.ticket->first,
                       .size = static_cast<std::uint32_t>(size),
                       .internal_date = internal_date_,
                       .save_date = unix_seconds(now),
                       .flags = place.flags};
  arrival.parsed = variants_[place.variant].parsed;
  place.ticket->messages.push_back(std::move(arrival));
  place.directory = place.mailbox->folder(*access) + "/cur";
  place.temporary = place.mailbox->folder(*access) + "/tmp";
  place.path = place.directory + "/" + name.to_string();
  return {};
}

// The first file goes out as well. Its last name in a mailbox is the staged one renamed, so it gets
// this one before.
Outcome Delivery::spool() {
  Variant& variant = variants_.front();
  const std::string& path = spooling_->message_path();
  auto done = places_.empty() ? context_.disk.rename(variant.path, path)
                              : context_.disk.link(variant.path, path);
  if (!done) return done;
  spooling_->has_message();
  if (places_.empty()) variant.path.clear();
  return spooling_->write_envelope();
}

Outcome Delivery::link_all() {
  if (spooling_) {
    if (auto done = spool(); !done) return done;
  }
  for (std::size_t v = 0; v < variants_.size(); ++v) {
    std::vector<Place*> places;
    for (auto& place : places_) {
      if (place.variant == v) places.push_back(&place);
    }
    for (auto* place : places) {
      if (auto done = link(variants_[v], *place, place == places.back()); !done) return done;
    }
  }
  return {};
}

// The last name is the staged one renamed, so one recipient costs no link and no unlink.
Outcome Delivery::link(Variant& variant, Place& place, bool last) {
  auto done = last ? context_.disk.rename(variant.path, place.path)
                   : context_.disk.link(variant.path, place.path);
  // Too many names for one inode, or another file system: a second file.
  if (!done && done.error().code == Error::Code::Limit) return write_again(variant, place);
  place.linked = done.has_value();
  if (done && last) variant.path.clear();
  return done;
}

Outcome Delivery::write_again(const Variant& variant, Place& place) {
  Variant copy;
  copy.prefix = variant.prefix;
  auto done = write(copy, place.temporary);
  if (done) done = context_.disk.rename(copy.path, place.path);
  if (!done) {
    if (!copy.path.empty()) (void)context_.disk.remove(copy.path);
    return done;
  }
  place.linked = true;
  done = context_.disk.sync(copy.file);
  if (!done) place.mailbox->account().stop_writing(done.error());
  return done;
}

Outcome Delivery::sync() {
  // Side by side, so that one commit of the file system does for both: a thread costs less than
  // waiting for the disk twice.
  std::future<Outcome> envelope;
  if (spooling_) envelope = std::async(std::launch::async, [this] { return spooling_->sync(); });
  for (auto& variant : variants_) {
    if (auto done = context_.disk.sync(variant.file); !done) return done;
  }
  if (envelope.valid()) {
    if (auto done = envelope.get(); !done) return done;
  }
  if (!context_.sync_directories) return {};
  std::set<std::string> directories;
  for (auto& place : places_) directories.insert(place.directory);
  for (const auto& directory : directories) {
    if (auto done = context_.disk.sync_directory(directory); !done) return done;
  }
  return {};
}

void Delivery::undo() {
  for (auto& place : places_) {
    if (!place.ticket) continue;
    auto& account = place.mailbox->account();
    auto access = account.enter();
    if (!access) continue;
    // The sender will come again, so this one must not.
    if (place.linked) account.remove_file(*access, *place.mailbox, place.ticket->first, place.path);
    account.publisher().give_up(*access, *place.ticket);
  }
}

// First all are marked, then all are waited for: who waits for one of our UIDs never waits for a
// mailbox that we have not come to.
void Delivery::publish() {
  for (auto& place : places_) place.ticket->state = Ticket::State::Ready;
  for (auto& place : places_) {
    auto& account = place.mailbox->account();
    auto access = account.enter();
    if (!access) continue;
    if (auto done = account.publisher().publish(*access, *place.ticket); !done) {
      log.error("delivery not published", {{"reason", done.error().text}});
    }
  }
}

}  // namespace waxwing
