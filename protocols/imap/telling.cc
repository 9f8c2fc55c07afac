#include "protocols/imap/telling.h"

#include <algorithm>

#include "base/log.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/metadata.h"
#include "protocols/imap/set_of_uids.h"
#include "protocols/imap/slice.h"

namespace waxwing::imap {
namespace {

// What the client is told of its mailbox: all, until it has said by NOTIFY what it wants.
Selected::News news(const Conversation& conversation, const Telling::Occasion& occasion) {
  if (!conversation.notifications) return {.expunges = occasion.may_expunge};
  const NotifyEvents& wanted = conversation.notifications->selected();
  return {.messages = wanted.message_new,
          .expunges = occasion.may_expunge && (wanted.message_expunge || occasion.has_expunged),
          .flags = wanted.flag_change,
          .annotations = wanted.annotation_change};
}

}  // namespace

bool Telling::changes(const Occasion& occasion, Output& output) {
  // After NOTIFY push() tells of it.
  if (conversation_.dialect.metadata && !conversation_.notifications) {
    (void)tell_annotated(conversation_, output);
  }
  if (!conversation_.selected) return true;
  if (conversation_.selected->mailbox().is_gone()) {
    mailbox_gone(output);
    return true;
  }
  tell_url_key(conversation_, output);
  if (is_updating()) return true;
  return conversation_.selected->synchronise(news(conversation_, occasion), conversation_.dialect,
                                             output);
}

// There is nothing left that the client's numbers mean, and one that has to sign in again finds out
// what is there.  RFC 2180 3.3
void Telling::mailbox_gone(Output& output) {
  const bool is_amid = is_amid_line();
  conversation_.selected.reset();
  if (!is_amid) {
    output << "* BYE "
           << translated("The selected mailbox is deleted, or no longer yours to see",
                         conversation_.dialect.language)
           << "\r\n";
  }
  conversation_.ending = Conversation::Ending::Close;
}

bool Telling::is_amid_line() const {
  if (pushing_ && pushing_->is_amid_line()) return true;
  const auto& selected = conversation_.selected;
  return selected && selected->contexts().fetching() &&
         selected->contexts().fetching()->is_amid_line();
}

bool Telling::wants_update() const {
  return conversation_.selected && conversation_.selected->contexts().is_dirty();
}

bool Telling::is_updating() const {
  return conversation_.selected && conversation_.selected->contexts().is_running();
}

Progress Telling::update(Output& output) {
  if (!wants_update()) return Progress::Done;
  const Slice slice(conversation_.services.clock);
  const auto now = unix_seconds(conversation_.services.clock.now());
  Selected& selected = *conversation_.selected;
  auto& fetching = selected.contexts().fetching();
  while (true) {
    if (fetching) {
      if (const Progress progress = run(fetching, output); progress != Progress::Done) {
        return progress;
      }
      if (fetching) return Progress::Done;  // amid a line
    }
    switch (selected.contexts().step(selected, now, slice, output)) {
      case SearchContexts::Step::Done: return Progress::Done;
      case SearchContexts::Step::Full: return Progress::Again;
      case SearchContexts::Step::TimeUp: return Progress::Yield;
      case SearchContexts::Step::Fetch: fetching = fetch_arrivals(); break;
    }
  }
}

std::unique_ptr<Task> Telling::fetch_of(SequenceSet uids, std::vector<FetchItem> items) const {
  Fetch wanted;
  wanted.numbering = Numbering::Uid;
  wanted.set = std::move(uids);
  wanted.items = std::move(items);
  return fetch({.tag = {}, .name = "UID FETCH", .body = std::move(wanted)});
}

// What NOTIFY wants of these messages goes with it, so that there is one FETCH of each.  RFC 5465
// section 5.2
std::unique_ptr<Task> Telling::fetch_arrivals() {
  Selected& selected = *conversation_.selected;
  auto arrivals = selected.contexts().take_arrivals();
  if (conversation_.notifications) {
    const auto& items = conversation_.notifications->selected().items;
    add_items(arrivals.items, items);
    if (!items.empty()) selected.pass_new(arrivals.uids);
  }
  return fetch_of(set_of(arrivals.uids), std::move(arrivals.items));
}

Progress Telling::run(std::unique_ptr<Task>& task, Output& output) {
  switch (task->run(conversation_, output)) {
    case Step::Again: return Progress::Again;
    case Step::Yield: return Progress::Yield;
    case Step::Line:
    case Step::Done: break;
  }
  if (task->is_amid_line()) {
    conversation_.ending = Conversation::Ending::Close;
  } else {
    task.reset();
  }
  return Progress::Done;
}

bool Telling::heard(MailboxId mailbox, Moment moment) {
  if (conversation_.notifications) {
    if (std::ranges::count(moved_, mailbox) == 0) moved_.push_back(mailbox);
    return has_push(moment);
  }
  // Until that is told nothing else is.
  return moment == Moment::Idle && is_updating();
}

bool Telling::has_push(Moment moment) const {
  if (moment == Moment::InCommand) return false;
  if (wants_update() && (moment == Moment::Idle || conversation_.notifications)) return true;
  if (!conversation_.notifications) return false;
  if (pushing_ || !moved_.empty()) return true;
  return conversation_.selected && conversation_.selected->has_new() &&
         !conversation_.notifications->selected().items.empty();
}

// RFC 5465, RFC 5267 section 4.3.2
Progress Telling::push(Moment moment, Output& output) {
  while (has_push(moment)) {
    if (output.is_full()) return Progress::Again;
    if (wants_update() && !pushing_) {
      if (const Progress progress = update(output); progress != Progress::Done) return progress;
      if (is_amid_line()) return Progress::Done;
      // What happened meanwhile was not told.
      const bool is_silent = moment == Moment::Idle && !conversation_.notifications;
      if (is_silent && !changes({.may_expunge = true}, output)) return Progress::Again;
      // Where it never ends others have their turn.
      if (wants_update()) return Progress::Yield;
    } else if (pushing_) {
      if (const Progress progress = run(pushing_, output); progress != Progress::Done) {
        return progress;
      }
      if (pushing_) return Progress::Done;
    } else if (!moved_.empty()) {
      const MailboxId mailbox = moved_.front();
      const auto told = push_moved(mailbox, moment, output);
      // What cannot be told now is told with the next change.
      if (!told)
        log.warning("imap-notify",
                    {{"session", conversation_.peer.session_id}, {"reason", told.error().text}});
      if (output.is_full()) return Progress::Again;
      std::erase(moved_, mailbox);
    } else {
      // What the client wants to know of new messages at once.  RFC 5465 section 5.2
      pushing_ = fetch_of(conversation_.selected->take_new(),
                          conversation_.notifications->selected().items);
    }
  }
  return Progress::Done;
}

Outcome Telling::push_moved(MailboxId mailbox, Moment moment, Output& output) {
  Notifications& notifications = *conversation_.notifications;
  if (mailbox == kAnnotations) {
    return conversation_.dialect.metadata ? tell_annotated(conversation_, output) : Outcome();
  }
  if (mailbox == kMailboxNames) return notifications.tell_names(conversation_, output);
  if (conversation_.selected && conversation_.selected->mailbox().id() == mailbox) {
    (void)changes({.may_expunge = moment == Moment::Idle || !notifications.is_delayed()}, output);
    return {};
  }
  return notifications.tell_mailbox(conversation_, mailbox, output);
}

void Telling::forget() {
  moved_.clear();
  pushing_.reset();
}

}  // namespace waxwing::imap
