#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <vector>

#include "base/result.h"
#include "storage/access.h"
#include "storage/ticket.h"

namespace waxwing {

class MaildirAccount;

// Brings messages into view. Invariants:
// - A mailbox publishes in UID order: a message becomes visible, and its delivery is acknowledged,
//   when every lower UID that was taken is published or given up.
// - Mod-sequences are given out at that moment, so what is published later has the higher one.
// - UIDs and mod-sequences are reserved ahead in account.sqlite; none is ever used twice, whatever
//   becomes of the index.
// - What was made durable is published before it is in the index: such rows wait in memory until
//   somebody reads the index, there are many, or seconds have passed. The account is not marked
//   clean before.
// Guarded by the account's lock.
class Publisher {
 public:
  // The account's mod-sequences go on from here.
  void start(ModSeq mark) { next_modseq_ = modseq_mark_ = mark; }
  ModSeq next_modseq() const { return next_modseq_; }

  Result<std::shared_ptr<Ticket>> take(Access& access, std::shared_ptr<MaildirMailbox> mailbox,
                                       std::size_t count);
  // The ticket's messages are durable. Returns when they are published. An error (only where
  // messages leave a mailbox with it): they are not, and nothing has changed. Cancelled: what was
  // to be replaced is gone.
  Outcome publish(Access& access, Ticket& ticket);
  void give_up(Access& access, Ticket& ticket);
  // Waits until nothing is on its way into this mailbox.
  void drain(Access& access, MaildirMailbox& mailbox);

  // Takes no more and waits until nothing is on its way and nobody waits. False when somebody has
  // asked for that before.
  bool close(Access& access);

  // For changes that bring in no message: makes sure of `count` numbers, then takes them.
  Outcome reserve_modseqs(Access& access, std::size_t count);
  ModSeq take_modseq() { return next_modseq_++; }

  // Puts into the index what waits for it. Before anything is read from it that may be that new.
  Outcome catch_up(Access& access);
  const IndexEntry* unindexed(MailboxId mailbox, Uid uid) const;
  std::vector<MessageRow> unindexed(MailboxId mailbox) const;  // ascending
  void forget_unindexed(MailboxId mailbox);
  // Recovery is about to find their files.
  void forget_unindexed();
  // Nobody holds on to an Access without the lock.
  bool is_idle() const { return in_flight_ == 0 && waiting_.load() == 0 && !closing_; }

 private:
  struct Unindexed {
    std::shared_ptr<MaildirMailbox> mailbox;
    Ticket::Arrival arrival;
  };

  void advance(Access& access, MaildirMailbox& mailbox);
  void commit(Access& access, const std::vector<std::shared_ptr<Ticket>>& tickets);
  void commit_move(Access& access, const std::shared_ptr<Ticket>& ticket);
  Outcome store(Access& access, MailboxId mailbox, const Ticket::Arrival& arrival);
  static bool is_all_there(const Ticket& ticket);
  // `left`: the change with which ticket.moved leaves the same mailbox.
  void show(Access& access, Ticket& ticket, ModSeq left = 0);
  void wait(Access& access);
  Outcome write_unindexed(Access& access);
  void fall_behind(Access& access, const Error& error);

  ModSeq next_modseq_ = 1, modseq_mark_ = 1;
  std::size_t in_flight_ = 0;  // UIDs taken and not yet published or given up
  std::atomic<int> waiting_{0};
  std::vector<Unindexed> unindexed_;
  std::size_t unindexed_bytes_ = 0;  // of what was parsed
  bool closing_ = false;
  std::condition_variable moved_on_, idle_;
};

}  // namespace waxwing
