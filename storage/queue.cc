#include "storage/queue.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "base/log.h"
#include "base/text.h"

namespace waxwing {
namespace {

constexpr std::int64_t kQueueVersion = 1;
constexpr std::size_t kMaxEnvelope = 64u << 20;
constexpr std::string_view kEnvelopeSuffix = ".envelope", kMessageSuffix = ".message";

// A job's flow is who it is sent for: an account, or a sender elsewhere.
constexpr const char* kQueueTables =
    "DROP TABLE IF EXISTS messages; DROP TABLE IF EXISTS jobs; DROP TABLE IF EXISTS state;"
    "CREATE TABLE state(clean INTEGER NOT NULL);"
    "INSERT INTO state VALUES(0);"
    "CREATE TABLE messages(id TEXT PRIMARY KEY, sender TEXT NOT NULL, account TEXT NOT NULL,"
    "  accepted INTEGER NOT NULL, size INTEGER NOT NULL, look INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX messages_look ON messages(look);"
    "CREATE TABLE jobs(number INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL,"
    "  destination TEXT NOT NULL, flow TEXT NOT NULL, recipients TEXT NOT NULL,"
    "  attempts INTEGER NOT NULL, state INTEGER NOT NULL, due INTEGER NOT NULL,"
    "  turn INTEGER NOT NULL);"
    "CREATE INDEX jobs_message ON jobs(message);"
    "CREATE INDEX jobs_destination ON jobs(destination);"
    "CREATE INDEX jobs_ready ON jobs(destination, turn) WHERE state=1;"
    "CREATE INDEX jobs_waiting ON jobs(due) WHERE state=0;";

std::string print_numbers(const std::vector<std::size_t>& numbers) {
  std::string text;
  for (const auto number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::string_view demand_on_tls(const Envelope& envelope) {
  if (envelope.require_tls && !envelope.sender.empty()) return Queue::kRequiresTls;
  return envelope.tls_optional ? Queue::kTlsOptional : std::string_view();
}

std::vector<std::size_t> waiting_recipients(const Envelope& envelope) {
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < envelope.recipients.size(); ++i) {
    if (envelope.recipients[i].state == QueuedRecipient::State::Waiting) waiting.push_back(i);
  }
  return waiting;
}

bool is_id(std::string_view text) {
  return text.size() == 16 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

// Start-time fair queueing: each job of a flow gets the turn behind the flow's last one, and none
// gets one that has passed. So a flow that comes late is served next, and once per round.
struct Queue::Turns {
  struct Destination {
    std::int64_t now = 0;                                // the turn that was given out last
    std::unordered_map<std::string, std::int64_t> last;  // of each flow
  };
  std::unordered_map<std::string, Destination> destinations;

  std::int64_t next(const std::string& destination, const std::string& flow) {
    auto& at = destinations[destination];
    auto& last = at.last[flow];
    last = std::max(last, at.now) + 1;
    return last;
  }
  void served(const std::string& destination, std::int64_t turn) {
    auto& at = destinations[destination];
    at.now = std::max(at.now, turn);
    if (at.last.size() > 1000)
      std::erase_if(at.last, [&](const auto& e) { return e.second <= at.now; });
  }
  void is_empty(const std::string& destination) { destinations.erase(destination); }
};

Result<std::unique_ptr<Queue>> Queue::open(Options options, Disk& disk, const Clock& clock,
                                           Router router) {
  const std::string folder = options.data_dir + "/queue";
  for (const std::string& directory : {folder, folder + "/spool"}) {
    if (auto done = disk.make_directory(directory); !done) return fail(done.error());
  }
  for (const char digit : std::string_view("0123456789abcdef")) {
    auto done = disk.make_directory(folder + "/spool/" + digit);
    if (!done) return fail(done.error());
  }
  const auto open_database = [&] {
    return sqlite::Database::open(folder + "/queue.sqlite", sqlite::Database::Synchronous::Normal);
  };
  auto database = open_database();
  if (!database && database.error().code == Error::Code::Corrupt) {
    log.error("damaged queue database is made again", {{"file", folder + "/queue.sqlite"}});
    (void)sqlite::remove_files(disk, folder + "/queue.sqlite");
    database = open_database();
  }
  if (!database) return fail(database.error());
  std::unique_ptr<Queue> queue(
      new Queue(std::move(options), disk, clock, std::move(router), std::move(*database)));
  if (auto done = queue->prepare(); !done) return fail(done.error());
  return queue;
}

Queue::Queue(Options options, Disk& disk, const Clock& clock, Router router,
             sqlite::Database database)
    : options_(std::move(options)),
      disk_(disk),
      clock_(clock),
      router_(std::move(router)),
      database_(std::move(database)),
      turns_(std::make_unique<Turns>()) {}

Queue::~Queue() {
  const std::lock_guard lock(mutex_);
  (void)set_clean(true);
}

void Queue::on_ready(std::function<void(const std::vector<std::string>&)> observer) {
  observer_ = std::move(observer);
}

std::string Queue::path(std::string_view id, std::string_view suffix) const {
  return options_.data_dir + "/queue/spool/" + std::string(id.substr(0, 1)) + "/" +
         std::string(id) + std::string(suffix);
}

Outcome Queue::prepare() {
  const auto version = database_.integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  const auto clean = *version == kQueueVersion ? database_.integer("SELECT clean FROM state")
                                               : Result<std::int64_t>(0);
  if (!clean || *clean == 0) return rebuild();
  // From here on a crash leaves it behind the spool.
  if (auto done = set_clean(false); !done) return done;
  auto taken = database_.execute("UPDATE jobs SET state=1 WHERE state=2");
  return taken ? restore_turns() : taken;
}

// The one commit that must be on the disk before work goes on: a database that claims to be
// complete and is not would lose mail.
Outcome Queue::set_clean(bool clean) {
  if (auto done = database_.execute("PRAGMA synchronous=FULL"); !done) return done;
  auto done = database_.execute(clean ? "UPDATE state SET clean=1" : "UPDATE state SET clean=0");
  if (auto back = database_.execute("PRAGMA synchronous=NORMAL"); !back) return back;
  return done;
}

Outcome Queue::restore_turns() {
  auto select = database_.prepare(
      "SELECT destination, flow, min(turn), max(turn) FROM jobs WHERE state=1"
      " GROUP BY destination, flow");
  while (select.step()) {
    auto& at = turns_->destinations[std::string(select.text(0))];
    at.last[std::string(select.text(1))] = select.integer(3);
    at.now = at.now == 0 ? select.integer(2) - 1 : std::min(at.now, select.integer(2) - 1);
  }
  return select.finish();
}

// What is in the spool, and whole, was accepted or nearly so. A file without its other half is of a
// message that was not, or of one that is done.
Outcome Queue::rebuild() {
  sqlite::Transaction transaction(database_);
  if (auto done = database_.execute(kQueueTables); !done) return done;
  std::vector<std::string> made_ready;
  std::size_t messages = 0;
  for (const char digit : std::string_view("0123456789abcdef")) {
    const std::string folder = options_.data_dir + "/queue/spool/" + digit;
    std::set<std::string> envelopes, texts;
    auto listed = disk_.list(folder, [&](const Disk::Entry& entry) {
      const std::string_view name = entry.name;
      if (name.ends_with(kEnvelopeSuffix))
        envelopes.emplace(name.substr(0, name.size() - kEnvelopeSuffix.size()));
      if (name.ends_with(kMessageSuffix))
        texts.emplace(name.substr(0, name.size() - kMessageSuffix.size()));
    });
    if (!listed) return listed;
    for (const auto& id : envelopes) {
      if (!is_id(id) || !texts.contains(id)) continue;
      const auto found = envelope(id);
      if (!found) {
        log.error("envelope cannot be read", {{"id", id}, {"reason", found.error().text}});
        continue;
      }
      if (waiting_recipients(*found).empty()) {
        remove_files(id);  // all was done but this
        continue;
      }
      if (auto done = insert(*found, made_ready); !done) return done;
      ++messages;
    }
    for (const auto& id : texts) {
      if (!envelopes.contains(id) && is_id(id)) (void)disk_.remove(path(id, kMessageSuffix));
    }
    for (const auto& id : envelopes) {
      if (!texts.contains(id) && is_id(id)) (void)disk_.remove(path(id, kEnvelopeSuffix));
    }
  }
  auto done = database_.execute(("PRAGMA user_version=" + std::to_string(kQueueVersion)).c_str());
  if (!done) return done;
  if (messages > 0) log.info("queue read from the spool", {{"messages", messages}});
  return transaction.commit();
}

std::string_view Queue::plain_destination(std::string_view name) {
  for (const auto suffix : {kRequiresTls, kTlsOptional}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  return name;
}

Outcome Queue::add(const Envelope& envelope) {
  std::vector<std::string> made_ready;
  {
    const std::lock_guard lock(mutex_);
    sqlite::Transaction transaction(database_);
    if (auto done = insert(envelope, made_ready); !done) return done;
    if (auto done = transaction.commit(); !done) return done;
  }
  tell(made_ready);
  return {};
}

Outcome Queue::insert(const Envelope& envelope, std::vector<std::string>& made_ready) {
  auto row = database_.prepare("INSERT OR REPLACE INTO messages VALUES(?, ?, ?, ?, ?, ?)");
  auto done = row.bind(1, envelope.id)
                  .bind(2, envelope.sender)
                  .bind(3, envelope.account)
                  .bind(4, envelope.accepted)
                  .bind(5, static_cast<std::int64_t>(envelope.size))
                  .bind(6, envelope.accepted + options_.first_look.count())
                  .run();
  if (!done) return done;
  // Those that were tried wait for the same time together.
  std::map<std::pair<std::string, std::int64_t>, std::vector<std::size_t>> jobs;
  for (const auto number : waiting_recipients(envelope)) {
    const auto& recipient = envelope.recipients[number];
    const std::string way = router_(recipient.address) + std::string(demand_on_tls(envelope));
    jobs[{way, recipient.due}].push_back(number);
  }
  for (const auto& [key, recipients] : jobs) {
    done = insert_job(envelope, key.first, recipients, made_ready);
    if (!done) return done;
  }
  return {};
}

Outcome Queue::insert_job(const Envelope& envelope, const std::string& destination,
                          const std::vector<std::size_t>& recipients,
                          std::vector<std::string>& made_ready) {
  const auto& first = envelope.recipients[recipients.front()];
  const bool is_ready = first.due <= now();
  const std::string& flow = envelope.account.empty() ? envelope.sender : envelope.account;
  auto row = database_.prepare(
      "INSERT INTO jobs(message, destination, flow, recipients, attempts, state, due, turn)"
      " VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
  const std::string numbers = print_numbers(recipients);
  auto done = row.bind(1, envelope.id)
                  .bind(2, destination)
                  .bind(3, flow)
                  .bind(4, numbers)
                  .bind(5, static_cast<std::int64_t>(first.attempts))
                  .bind(6, static_cast<std::int64_t>(is_ready ? State::Ready : State::Waiting))
                  .bind(7, first.due)
                  .bind(8, is_ready ? turns_->next(destination, flow) : std::int64_t{0})
                  .run();
  if (done && is_ready) made_ready.push_back(destination);
  return done;
}

std::vector<std::size_t> Queue::parse_numbers(std::string_view text) {
  std::vector<std::size_t> numbers;
  for (const auto piece : split(text, ',')) {
    if (const auto number = parse_number(piece)) numbers.push_back(*number);
  }
  return numbers;
}

Result<std::vector<Queue::Job>> Queue::jobs_of(std::string_view condition, std::string_view value,
                                               std::size_t max) {
  auto select = database_.prepare(
      "SELECT number, message, destination, recipients, attempts, turn FROM jobs WHERE " +
      std::string(condition));
  select.bind(1, value).bind(2, static_cast<std::int64_t>(max));
  std::vector<Job> jobs;
  while (select.step()) {
    jobs.push_back({select.integer(0), std::string(select.text(1)), std::string(select.text(2)),
                    parse_numbers(select.text(3)), static_cast<std::uint32_t>(select.integer(4))});
    if (condition.starts_with("state=1"))
      turns_->served(jobs.back().destination, select.integer(5));
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  for (const auto& job : jobs) {
    if (auto done = set_state(job.number, State::Taken); !done) return fail(done.error());
  }
  return jobs;
}

Result<std::vector<Queue::Job>> Queue::take(const std::string& destination, std::size_t max) {
  const std::lock_guard lock(mutex_);
  sqlite::Transaction transaction(database_);
  auto jobs = jobs_of("state=1 AND destination=? ORDER BY turn LIMIT ?", destination, max);
  if (!jobs) return jobs;
  if (jobs->size() < max) turns_->is_empty(destination);
  if (auto done = transaction.commit(); !done) return fail(done.error());
  return jobs;
}

Result<std::vector<Queue::Job>> Queue::take_message(std::string_view id) {
  const std::lock_guard lock(mutex_);
  sqlite::Transaction transaction(database_);
  auto jobs = jobs_of("message=? AND state<>2 LIMIT ?", id, 1'000'000);
  if (!jobs) return jobs;
  if (auto done = transaction.commit(); !done) return fail(done.error());
  return jobs;
}

Outcome Queue::set_state(std::int64_t job, State state) {
  auto update = database_.prepare("UPDATE jobs SET state=? WHERE number=?");
  return update.bind(1, static_cast<std::int64_t>(state)).bind(2, job).run();
}

Outcome Queue::give_back(const std::vector<Job>& jobs) {
  const std::lock_guard lock(mutex_);
  sqlite::Transaction transaction(database_);
  for (const auto& job : jobs) {
    if (auto done = set_state(job.number, State::Ready); !done) return done;
  }
  return transaction.commit();
}

Outcome Queue::settle(const std::vector<Settlement>& settled) {
  // The envelopes first: what a job came to must not be forgotten when the job is. Where that
  // fails, the schedule still knows it: only a crash would repeat a delivery then.
  Outcome appended;
  for (const auto& each : settled) {
    if (each.events.empty() || (each.is_whole_message && !each.due)) continue;
    if (auto done = append(each.job.message, each.events); !done) appended = done;
  }
  std::vector<std::string> finished;
  {
    const std::lock_guard lock(mutex_);
    sqlite::Transaction transaction(database_);
    for (const auto& each : settled) {
      if (!each.due) {
        if (auto done = forget(each.job.number, each.job.message, finished); !done) return done;
        continue;
      }
      auto recipients = each.job.recipients;
      for (const auto& event : each.events) {
        if (event.state != QueuedRecipient::State::Waiting) std::erase(recipients, event.recipient);
      }
      const std::string numbers = print_numbers(recipients);
      auto update = database_.prepare(
          "UPDATE jobs SET state=0, due=?, recipients=?, attempts=attempts+1 WHERE number=?");
      auto done = update.bind(1, *each.due).bind(2, numbers).bind(3, each.job.number).run();
      if (!done) return done;
    }
    if (auto done = transaction.commit(); !done) return done;
  }
  for (const auto& id : finished) remove_files(id);
  return appended;
}

Outcome Queue::forget(std::int64_t job, std::string_view message,
                      std::vector<std::string>& finished) {
  auto row = database_.prepare("DELETE FROM jobs WHERE number=?");
  if (auto done = row.bind(1, job).run(); !done) return done;
  auto others = database_.prepare("SELECT 1 FROM jobs WHERE message=? LIMIT 1");
  const bool is_last = !others.bind(1, message).step();
  if (auto done = others.finish(); !done) return done;
  if (!is_last) return {};
  finished.emplace_back(message);
  auto whole = database_.prepare("DELETE FROM messages WHERE id=?");
  return whole.bind(1, message).run();
}

// The envelope last: a message without one is known to be done.
void Queue::remove_files(std::string_view id) {
  for (const auto suffix : {kEnvelopeSuffix, kMessageSuffix}) {
    const auto removed = disk_.remove(path(id, suffix));
    if (!removed && removed.error().code != Error::Code::NotFound)
      log.warning("queue file stays", {{"id", id}, {"reason", removed.error().text}});
  }
}

Outcome Queue::make_ready(std::int64_t job, const std::string& destination,
                          const std::string& flow) {
  auto update = database_.prepare("UPDATE jobs SET state=1, due=0, turn=? WHERE number=?");
  return update.bind(1, turns_->next(destination, flow)).bind(2, job).run();
}

Result<std::optional<std::int64_t>> Queue::wake() {
  constexpr std::int64_t kAtOnce = 2000;
  std::set<std::string> destinations;
  std::optional<std::int64_t> next;
  {
    const std::lock_guard lock(mutex_);
    sqlite::Transaction transaction(database_);
    struct Due {
      std::int64_t number;
      std::string destination, flow;
    };
    std::vector<Due> due;
    auto select = database_.prepare(
        "SELECT number, destination, flow FROM jobs WHERE state=0 AND due<=? ORDER BY due LIMIT ?");
    select.bind(1, now()).bind(2, kAtOnce);
    while (select.step())
      due.push_back({select.integer(0), std::string(select.text(1)), std::string(select.text(2))});
    if (auto done = select.finish(); !done) return fail(done.error());
    for (const auto& each : due) {
      auto done = make_ready(each.number, each.destination, each.flow);
      if (!done) return fail(done.error());
      destinations.insert(each.destination);
    }
    auto later = database_.prepare("SELECT due FROM jobs WHERE state=0 ORDER BY due LIMIT 1");
    if (later.step()) next = later.integer(0);
    if (auto done = later.finish(); !done) return fail(done.error());
    if (auto done = transaction.commit(); !done) return fail(done.error());
  }
  tell({destinations.begin(), destinations.end()});
  return next;
}

Result<std::vector<std::pair<std::string, std::size_t>>> Queue::ready() {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::size_t>> all;
  auto select = database_.prepare(
      "SELECT destination, count(*) FROM jobs WHERE state=1 GROUP BY destination");
  while (select.step())
    all.emplace_back(select.text(0), static_cast<std::size_t>(select.integer(1)));
  if (auto done = select.finish(); !done) return fail(done.error());
  return all;
}

Result<std::vector<std::string>> Queue::overdue(std::size_t max) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  auto select = database_.prepare(
      "SELECT id FROM messages WHERE look<=? AND NOT EXISTS"
      " (SELECT 1 FROM jobs WHERE message=id AND state IN (2, 3)) ORDER BY look LIMIT ?");
  select.bind(1, now()).bind(2, static_cast<std::int64_t>(max));
  while (select.step()) ids.emplace_back(select.text(0));
  if (auto done = select.finish(); !done) return fail(done.error());
  return ids;
}

Outcome Queue::look_again(std::string_view id, std::int64_t at) {
  const std::lock_guard lock(mutex_);
  auto update = database_.prepare("UPDATE messages SET look=? WHERE id=?");
  return update.bind(1, at).bind(2, id).run();
}

Result<Envelope> Queue::envelope(std::string_view id) {
  if (!is_id(id)) return fail(Error::Code::NotFound, "there is no such message");
  auto file = disk_.open(path(id, kEnvelopeSuffix), Disk::Mode::Read);
  if (!file) return fail(file.error());
  auto text = disk_.read(*file, 0, 16 * 1024);
  if (text && text->size() == 16 * 1024) text = disk_.read(*file, 0, kMaxEnvelope);
  if (!text) return fail(text.error());
  return parse_envelope(*text);
}

Result<Fd> Queue::message(std::string_view id) {
  if (!is_id(id)) return fail(Error::Code::NotFound, "there is no such message");
  return disk_.open(path(id, kMessageSuffix), Disk::Mode::Read);
}

// Not synced: after kill -9 it is there, and a power cut at worst repeats a delivery.
Outcome Queue::append(std::string_view id, const std::vector<RecipientEvent>& events) {
  auto file = disk_.open(path(id, kEnvelopeSuffix), Disk::Mode::Append);
  if (!file) return fail(file.error());
  return disk_.write(*file, print_events(events));
}

void Queue::tell(const std::vector<std::string>& destinations) {
  if (observer_ && !destinations.empty()) observer_(destinations);
}

}  // namespace waxwing
