#include "storage/publisher.h"

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {
namespace {

// So many are reserved with one durable write; a crash loses them, and nobody misses them.
constexpr Uid kUidsAhead = 1000;
constexpr ModSeq kModSeqsAhead = 10'000;
// Rows that wait for the index.
constexpr std::size_t kMostUnindexed = 256;
constexpr std::size_t kMostUnindexedBytes = 4 << 20;
// Messages that may wait for the index; then no more are taken.
constexpr std::size_t kMaxUnindexed = 10'000;

}  // namespace

Outcome Publisher::reserve_modseqs(Access& access, std::size_t count) {
  const ModSeq needed = next_modseq_ + in_flight_ + count;
  if (needed <= modseq_mark_) return {};
  auto done = access.db.set_modseq_mark(needed + kModSeqsAhead);
  if (done) modseq_mark_ = needed + kModSeqsAhead;
  return done;
}

Result<std::shared_ptr<Ticket>> Publisher::take(Access& access,
                                                std::shared_ptr<MaildirMailbox> mailbox,
                                                std::size_t count) {
  if (mailbox->is_gone()) return fail(Error::Code::NotFound, "mailbox was removed");
  if (closing_) return fail(Error::Code::NotFound, "account was removed");
  if (unindexed_.size() >= kMaxUnindexed)
    return fail(Error::Code::Temporary, "the index takes no messages");
  // A move takes as many again for those that leave.
  if (auto done = reserve_modseqs(access, 2 * count); !done) return fail(done.error());
  auto& state = mailbox->state(access);
  const std::uint64_t end = std::uint64_t{state.next_uid} + count;
  if (end + kUidsAhead > std::numeric_limits<Uid>::max()) {
    return fail(Error::Code::Limit, "mailbox has no UIDs left");
  }
  if (end > state.record.uid_mark) {
    const Uid mark = static_cast<Uid>(end + kUidsAhead);
    auto done = access.db.set_uid_mark(mailbox->id(), mark);
    if (!done) return fail(done.error());
    state.record.uid_mark = mark;
  }
  auto ticket = std::make_shared<Ticket>();
  ticket->first = state.next_uid;
  ticket->count = count;
  state.next_uid = static_cast<Uid>(end);
  state.tickets.push_back(ticket);
  state.touched = true;
  in_flight_ += 2 * count;
  ticket->mailbox = std::move(mailbox);
  return ticket;
}

Outcome Publisher::publish(Access& access, Ticket& ticket) {
  for (;;) {
    advance(access, *ticket.mailbox);
    const auto state = ticket.state.load();
    if (state == Ticket::State::Published) return {};
    if (state == Ticket::State::Failed) return fail(ticket.error);
    wait(access);
  }
}

void Publisher::give_up(Access& access, Ticket& ticket) {
  ticket.state = Ticket::State::GivenUp;
  advance(access, *ticket.mailbox);
}

void Publisher::drain(Access& access, MaildirMailbox& mailbox) {
  while (!mailbox.state(access).tickets.empty()) wait(access);
}

bool Publisher::close(Access& access) {
  if (closing_) return false;
  closing_ = true;
  idle_.wait(access.lock, [&] { return in_flight_ == 0 && waiting_.load() == 0; });
  return true;
}

void Publisher::wait(Access& access) {
  // Nobody may wait for news because we wait for somebody.
  if (access.has_notices()) {
    ++waiting_;
    access.release();
    access.lock.lock();
  } else {
    ++waiting_;
    moved_on_.wait(access.lock);
  }
  --waiting_;
  if (closing_) idle_.notify_one();
}

void Publisher::advance(Access& access, MaildirMailbox& mailbox) {
  auto& tickets = mailbox.state(access).tickets;
  std::vector<std::shared_ptr<Ticket>> batch;
  bool moved = false;
  while (!tickets.empty() && tickets.front()->state != Ticket::State::Pending) {
    auto ticket = std::move(tickets.front());
    tickets.pop_front();
    in_flight_ -= 2 * ticket->count;
    moved = true;
    if (ticket->state == Ticket::State::GivenUp) continue;
    if (ticket->source) {
      commit(access, batch);
      batch.clear();
      commit_move(access, ticket);
    } else {
      batch.push_back(std::move(ticket));
    }
  }
  commit(access, batch);
  if (moved) moved_on_.notify_all();
  if (closing_) idle_.notify_one();
}

// The index is written for many deliveries at once, by whoever asks it next or by the background: a
// transaction of their own would cost each as much as all the rest of its way. The files are
// durable, and from them recovery would bring back what a crash takes from the index.
void Publisher::commit(Access& access, const std::vector<std::shared_ptr<Ticket>>& tickets) {
  if (tickets.empty()) return;
  const std::size_t before = unindexed_.size();
  if (before == 0) tickets.front()->mailbox->account().request_work();
  for (const auto& ticket : tickets) {
    for (auto& arrival : ticket->messages) {
      arrival.entry.row.modseq = take_modseq();
      if (arrival.parsed) {
        unindexed_bytes_ += arrival.parsed->header.size() + arrival.parsed->message.size();
      }
      // The mailbox alone: what a ticket holds keeps the account alive, and this waits in it.
      unindexed_.push_back({ticket->mailbox->shared_from_this(), arrival});
    }
  }
  // An index that takes nothing is not asked again for every message.
  const bool are_many = unindexed_.size() / kMostUnindexed > before / kMostUnindexed;
  if (are_many || unindexed_bytes_ >= kMostUnindexedBytes) (void)catch_up(access);
  for (const auto& ticket : tickets) show(access, *ticket);
}

void Publisher::fall_behind(Access& access, const Error& error) {
  log.error("index behind", {{"rows", unindexed_.size()}, {"reason", error.text}});
  // Their files have it all; memory is for what cannot be read again.
  for (auto& waiting : unindexed_) {
    waiting.arrival.parsed.reset();
    waiting.mailbox->state(access).unparsed = true;
  }
  unindexed_bytes_ = 0;
  if (error.code == Error::Code::Corrupt) unindexed_.front().mailbox->account().distrust_index();
}

void Publisher::commit_move(Access& access, const std::shared_ptr<Ticket>& ticket) {
  if (ticket->is_replacement && !is_all_there(*ticket)) {
    ticket->state = Ticket::State::Failed;
    ticket->error = {Error::Code::Cancelled, "the message to replace is gone"};
    return;
  }
  const MailboxId from = ticket->source->id(), to = ticket->mailbox->id();
  ModSeq left = 0;  // of the last one that leaves
  auto record = [&]() -> Outcome {
    if (auto done = catch_up(access); !done) return done;
    auto transaction = access.index.begin();
    for (auto& arrival : ticket->messages) {
      arrival.entry.row.modseq = take_modseq();
      if (auto done = store(access, to, arrival); !done) return done;
    }
    for (Uid uid : ticket->moved) {
      left = take_modseq();
      if (auto done = access.index.expunge(from, uid, left); !done) return done;
    }
    return transaction.commit();
  };
  if (auto done = record(); !done) {
    log.error("move failed", {{"mailbox", ticket->mailbox->name()}, {"reason", done.error().text}});
    ticket->state = Ticket::State::Failed;
    ticket->error = {Error::Code::Temporary, "the index did not take the move"};
    if (done.error().code == Error::Code::Corrupt) ticket->mailbox->account().distrust_index();
    return;
  }
  // Only now: until then they belong to messages that are there.
  if (auto done = access.db.forget(from, ticket->moved); !done) {
    log.warning("kept for moved messages", {{"reason", done.error().text}});
  }
  if (ticket->source.get() == ticket->mailbox.get()) {
    show(access, *ticket, left);
    return;
  }
  ticket->source->show_expunged(access, ticket->moved, left);
  show(access, *ticket);
}

bool Publisher::is_all_there(const Ticket& ticket) {
  const auto view = ticket.source->view();
  return !ticket.source->is_gone() &&
         std::ranges::all_of(ticket.moved, [&](Uid uid) { return view->find(uid).has_value(); });
}

void Publisher::show(Access& access, Ticket& ticket, ModSeq left) {
  auto& mailbox = *ticket.mailbox;
  auto& state = mailbox.state(access);
  std::vector<MessageRow> rows;
  for (const auto& arrival : ticket.messages) {
    rows.push_back(arrival.entry.row);
    if (!(arrival.entry.row.flags == arrival.entry.settled)) state.unsettled = true;
    if (!arrival.parsed && arrival.copy_of == 0) state.unparsed = true;
  }
  if (!rows.empty() && state.loaded) {
    const Uid uid_next = static_cast<Uid>(ticket.first + ticket.count);
    auto view = mailbox.view()->with_added(rows, uid_next, rows.back().modseq);
    // One version has both, so that nobody sees the mailbox between them.
    if (left != 0) {
      mailbox.show_expunged(access, std::move(view), ticket.moved, left);
    } else {
      mailbox.show(access, std::move(view));
    }
  } else if (!rows.empty()) {
    access.notice(mailbox.shared(), rows.back().modseq);
  }
  mailbox.account().count_added(access, rows);
  ticket.state = Ticket::State::Published;
}

Outcome Publisher::store(Access& access, MailboxId mailbox, const Ticket::Arrival& arrival) {
  if (auto done = access.index.add(mailbox, arrival.entry); !done) return done;
  const Uid uid = arrival.entry.row.uid;
  if (arrival.parsed) return access.index.set_parsed(mailbox, uid, *arrival.parsed);
  if (arrival.copy_of != 0) return access.index.copy_parsed(arrival.copy_of, mailbox, uid);
  return {};
}

Outcome Publisher::catch_up(Access& access) {
  if (unindexed_.empty()) return {};
  auto done = write_unindexed(access);
  if (!done) {
    fall_behind(access, done.error());
    return done;
  }
  unindexed_.clear();
  unindexed_bytes_ = 0;
  return done;
}

Outcome Publisher::write_unindexed(Access& access) {
  auto transaction = access.index.begin();
  for (const auto& [mailbox, arrival] : unindexed_) {
    if (auto done = store(access, mailbox->id(), arrival); !done) return done;
  }
  return transaction.commit();
}

const IndexEntry* Publisher::unindexed(MailboxId mailbox, Uid uid) const {
  for (const auto& u : unindexed_) {
    if (u.mailbox->id() == mailbox && u.arrival.entry.row.uid == uid) return &u.arrival.entry;
  }
  return nullptr;
}

std::vector<MessageRow> Publisher::unindexed(MailboxId mailbox) const {
  std::vector<MessageRow> rows;
  for (const auto& u : unindexed_) {
    if (u.mailbox->id() == mailbox) rows.push_back(u.arrival.entry.row);
  }
  return rows;
}

void Publisher::forget_unindexed() {
  unindexed_.clear();
  unindexed_bytes_ = 0;
}

void Publisher::forget_unindexed(MailboxId mailbox) {
  std::erase_if(unindexed_, [&](const auto& u) { return u.mailbox->id() == mailbox; });
}

}  // namespace waxwing
