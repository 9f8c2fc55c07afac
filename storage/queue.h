#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/disk.h"
#include "storage/envelope.h"
#include "storage/sqlite.h"

namespace waxwing {

// Mail that leaves: data_dir/queue. Each message is two files in spool/: the message itself, which
// may be the same file that a mailbox has, and its envelope, to which is appended what becomes of
// each recipient. They are the truth; queue.sqlite only says what is to be done when, and is made
// again from them after an unclean stop. Any thread; may block.
//
// The unit of work is a Job: one message, and those of its recipients that go the same way. A job
// waits for its time, is ready, or is taken by who delivers it. Ready jobs of one destination are
// given out so that each sender has a turn: who queues ten thousand messages does not hold up who
// queues one.
class Queue {
 public:
  // Where mail for an address goes: a name for the next hop, which all that share connections
  // share.
  using Router = std::function<std::string(const std::string& address)>;
  // Messages with a demand of their own on TLS share no connection with others: the names of their
  // destinations end so. Reports (without a sender) demand nothing: they would be lost for it.
  // RFC 8689 sections 4.2 and 5
  static constexpr std::string_view kRequiresTls = "+requiretls", kTlsOptional = "+tlsoptional";
  // The name without that.
  static std::string_view plain_destination(std::string_view name);
  struct Options {
    std::string data_dir;
    // How long after acceptance overdue() has a message for the first time.
    std::chrono::seconds first_look{4 * 3600};
  };
  // The disk and the clock outlive it.
  static Result<std::unique_ptr<Queue>> open(Options options, Disk& disk, const Clock& clock,
                                             Router router);
  // Notes that the database is complete, so that the next start need not read the spool.
  ~Queue();

  // Called with the destinations of messages that have become ready, on the thread that made them
  // so. Set once, before other threads use the queue.
  void on_ready(std::function<void(const std::vector<std::string>& destinations)> observer);

  // For who writes the files: where they go. Both must be durable before add().
  std::string message_path(std::string_view id) const { return path(id, ".message"); }
  std::string envelope_path(std::string_view id) const { return path(id, ".envelope"); }
  // Gives its jobs to the schedule. When that fails they follow with the next start.
  Outcome add(const Envelope& envelope);

  struct Job {
    std::int64_t number = 0;
    std::string message;  // id
    std::string destination;
    std::vector<std::size_t> recipients;  // places in Envelope::recipients
    std::uint32_t attempts = 0;
  };
  // Ready jobs of a destination, in order of their turns; they are taken until one of the next
  // three is called for each.
  Result<std::vector<Job>> take(const std::string& destination, std::size_t max);
  // They are as ready as before.
  Outcome give_back(const std::vector<Job>& jobs);
  struct Settlement {
    Job job;
    std::vector<RecipientEvent> events;
    // When those that still wait are due; nothing: none waits any more, and a message without jobs
    // is removed.
    std::optional<std::int64_t> due;
    // The job has all recipients of its message: when it ends, its events are told nobody else.
    bool is_whole_message = false;
  };
  // Appends the events to the envelopes, then reschedules or ends the jobs.
  Outcome settle(const std::vector<Settlement>& settled);

  // Jobs whose time has come become ready. When the next is due; nothing: none waits.
  Result<std::optional<std::int64_t>> wake();
  // How many jobs are ready, by destination.
  Result<std::vector<std::pair<std::string, std::size_t>>> ready();

  // Messages that have waited so long that something must be decided: a notice, or the end. Each
  // comes again at the moment that look_again() says. None of them is being delivered now.
  Result<std::vector<std::string>> overdue(std::size_t max);
  Outcome look_again(std::string_view id, std::int64_t at);
  // Its jobs are taken, for who ends it: settle() each of them.
  Result<std::vector<Job>> take_message(std::string_view id);

  // NotFound when there is no such message.
  Result<Envelope> envelope(std::string_view id);
  // The message file; what goes out begins at Envelope::skip.
  Result<Fd> message(std::string_view id);
  Outcome append(std::string_view id, const std::vector<RecipientEvent>& events);

  struct Summary {
    std::string id, sender, account;
    std::int64_t accepted = 0;
    std::uint64_t size = 0;
    bool is_held = false, is_taken = false;
    std::int64_t due = 0;  // 0: ready
    std::vector<std::string> destinations;
  };
  // Oldest first; `max` of them after `after`, an id, or from the start.
  Result<std::vector<Summary>> list(std::size_t max, std::string_view after = {});
  Result<std::size_t> count();
  // What a message waits for, one for each of its deliveries.
  struct Delivery {
    std::string destination;
    std::vector<std::size_t> recipients;  // places in Envelope::recipients
    bool is_held = false;                 // by hold()
  };
  Result<std::vector<Delivery>> deliveries(std::string_view id);
  // What became of the deliveries that were named.
  struct Named {
    std::size_t changed = 0;
    std::map<std::string, std::size_t> destinations;  // of those that were changed, how many each
    std::size_t unchanged = 0;                        // were held already
    std::size_t taken = 0;                            // are being delivered: left alone
    std::size_t along = 0;  // recipients that were not named, in deliveries that were changed
  };
  // Those that `which` names: an id, a destination, a domain or an address of recipients, an
  // address of a sender; empty: all. A held message is ready for nobody until it is retried.
  Result<Named> retry(std::string_view which);
  Result<Named> hold(std::string_view which);
  // Denied while it is being delivered.
  Outcome remove(std::string_view id);
  // The way to destinations has changed: jobs are cut anew by this router.
  Outcome reroute(Router router);

 private:
  enum class State { Waiting = 0, Ready = 1, Taken = 2, Held = 3 };
  struct Turns;

  Queue(Options options, Disk& disk, const Clock& clock, Router router, sqlite::Database database);
  std::string path(std::string_view id, std::string_view suffix) const;
  Outcome prepare();
  Outcome rebuild();
  Outcome restore_turns();
  Outcome set_clean(bool clean);
  Outcome insert(const Envelope& envelope, std::vector<std::string>& made_ready);
  Outcome insert_job(const Envelope& envelope, const std::string& destination,
                     const std::vector<std::size_t>& recipients,
                     std::vector<std::string>& made_ready);
  Outcome set_state(std::int64_t job, State state);
  Outcome make_ready(std::int64_t job, const std::string& destination, const std::string& flow);
  Outcome forget(std::int64_t job, std::string_view message, std::vector<std::string>& finished);
  static std::vector<std::size_t> parse_numbers(std::string_view text);
  Result<std::vector<Job>> jobs_of(std::string_view condition, std::string_view value,
                                   std::size_t max);
  struct Choice;
  // The jobs that `which` names, whatever their state.
  Result<std::vector<Choice>> choose(std::string_view which);
  // Leaves the choice empty unless recipients of it have that address, or that domain.
  void look_for_recipients(std::string_view which, Choice& choice);
  void remove_files(std::string_view id);
  void tell(const std::vector<std::string>& destinations);
  std::int64_t now() const { return unix_seconds(clock_.now()); }

  const Options options_;
  Disk& disk_;
  const Clock& clock_;
  std::function<void(const std::vector<std::string>&)> observer_;
  std::mutex mutex_;  // guards all below
  Router router_;
  sqlite::Database database_;
  std::unique_ptr<Turns> turns_;
};

}  // namespace waxwing
