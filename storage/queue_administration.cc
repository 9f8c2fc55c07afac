// What an administrator sees of the queue and does with it.
#include <algorithm>
#include <set>

#include "storage/queue.h"

namespace waxwing {

Result<std::vector<Queue::Summary>> Queue::list(std::size_t max, std::string_view after) {
  const std::lock_guard lock(mutex_);
  std::vector<Summary> all;
  auto select = database_.prepare(
      "SELECT id, sender, account, accepted, size FROM messages"
      " WHERE (accepted, id) > (ifnull((SELECT accepted FROM messages WHERE id=?1), 0), ?1)"
      " ORDER BY accepted, id LIMIT ?2");
  select.bind(1, after).bind(2, static_cast<std::int64_t>(max));
  while (select.step()) {
    Summary summary{std::string(select.text(0)), std::string(select.text(1)),
                    std::string(select.text(2)), select.integer(3),
                    static_cast<std::uint64_t>(select.integer(4))};
    all.push_back(std::move(summary));
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  auto jobs = database_.prepare("SELECT destination, state, due FROM jobs WHERE message=?");
  for (auto& summary : all) {
    std::set<std::string> destinations;
    std::optional<std::int64_t> due;
    jobs.bind(1, summary.id);
    while (jobs.step()) {
      destinations.emplace(jobs.text(0));
      const auto state = static_cast<State>(jobs.integer(1));
      summary.is_held = summary.is_held || state == State::Held;
      summary.is_taken = summary.is_taken || state == State::Taken;
      const std::int64_t next = state == State::Waiting ? jobs.integer(2) : 0;
      due = due ? std::min(*due, next) : next;
    }
    if (auto done = jobs.finish(); !done) return fail(done.error());
    summary.due = due.value_or(0);
    summary.destinations.assign(destinations.begin(), destinations.end());
  }
  return all;
}

Result<std::size_t> Queue::count() {
  const std::lock_guard lock(mutex_);
  const auto count = database_.integer("SELECT count(*) FROM messages");
  if (!count) return fail(count.error());
  return static_cast<std::size_t>(*count);
}

Result<std::vector<std::int64_t>> Queue::numbers_of(std::string_view which,
                                                    std::string_view condition) {
  // An address of a recipient stands in the envelopes only: its destination is looked at.
  std::vector<std::int64_t> numbers;
  std::set<std::string> messages;
  auto select = database_.prepare(
      "SELECT number, message FROM jobs WHERE " + std::string(condition) +
      " AND (?1='' OR message=?1 OR flow=?1 OR destination IN (?1, ?1||?3, ?1||?4, ?2, ?2||?3,"
      " ?2||?4) OR message IN"
      " (SELECT id FROM messages WHERE sender=?1))");
  const bool is_address = which.find('@') != std::string_view::npos;
  const std::string way = is_address ? router_(std::string(which)) : std::string();
  select.bind(1, which).bind(2, way).bind(3, kRequiresTls).bind(4, kTlsOptional);
  std::vector<std::pair<std::int64_t, std::string>> found;
  while (select.step()) found.emplace_back(select.integer(0), select.text(1));
  if (auto done = select.finish(); !done) return fail(done.error());
  for (const auto& [number, message] : found) {
    if (!is_address) {
      numbers.push_back(number);
      continue;
    }
    const auto envelope = this->envelope(message);
    if (!envelope) continue;
    const bool is_meant =
        envelope->sender == which || envelope->account == which ||
        std::any_of(envelope->recipients.begin(), envelope->recipients.end(),
                    [&](const auto& recipient) { return recipient.address == which; });
    if (is_meant) numbers.push_back(number);
  }
  return numbers;
}

Result<std::size_t> Queue::retry(std::string_view which) {
  std::set<std::string> destinations;
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    sqlite::Transaction transaction(database_);
    const auto numbers = numbers_of(which, "state IN (0, 1, 3)");
    if (!numbers) return fail(numbers.error());
    count = numbers->size();
    for (const auto number : *numbers) {
      auto select = database_.prepare("SELECT destination, flow FROM jobs WHERE number=?");
      if (!select.bind(1, number).step()) continue;
      const std::string destination(select.text(0)), flow(select.text(1));
      if (auto done = select.finish(); !done) return fail(done.error());
      if (auto done = make_ready(number, destination, flow); !done) return fail(done.error());
      destinations.insert(destination);
    }
    if (auto done = transaction.commit(); !done) return fail(done.error());
  }
  tell({destinations.begin(), destinations.end()});
  return count;
}

Result<std::size_t> Queue::hold(std::string_view which) {
  const std::lock_guard lock(mutex_);
  sqlite::Transaction transaction(database_);
  const auto numbers = numbers_of(which, "state IN (0, 1)");
  if (!numbers) return fail(numbers.error());
  for (const auto number : *numbers) {
    if (auto done = set_state(number, State::Held); !done) return fail(done.error());
  }
  if (auto done = transaction.commit(); !done) return fail(done.error());
  return numbers->size();
}

Outcome Queue::remove(std::string_view id) {
  {
    const std::lock_guard lock(mutex_);
    auto select = database_.prepare(
        "SELECT (SELECT count(*) FROM jobs WHERE message=?1 AND state=2) FROM messages WHERE "
        "id=?1");
    const bool exists = select.bind(1, id).step();
    const bool is_taken = exists && select.integer(0) > 0;
    if (auto done = select.finish(); !done) return done;
    if (!exists) return fail(Error::Code::NotFound, "there is no such message");
    if (is_taken) return fail(Error::Code::Denied, "the message is being delivered just now");
    sqlite::Transaction transaction(database_);
    for (const char* sql :
         {"DELETE FROM jobs WHERE message=?", "DELETE FROM messages WHERE id=?"}) {
      if (auto done = database_.prepare(sql).bind(1, id).run(); !done) return done;
    }
    if (auto done = transaction.commit(); !done) return done;
  }
  remove_files(id);
  return {};
}

Outcome Queue::reroute(Router router) {
  std::vector<std::string> made_ready;
  {
    const std::lock_guard lock(mutex_);
    router_ = std::move(router);
    sqlite::Transaction transaction(database_);
    std::vector<std::string> ids;
    auto select = database_.prepare(
        "SELECT id FROM messages WHERE NOT EXISTS"
        " (SELECT 1 FROM jobs WHERE message=id AND state IN (2, 3))");
    while (select.step()) ids.emplace_back(select.text(0));
    if (auto done = select.finish(); !done) return done;
    for (const auto& id : ids) {
      const auto found = envelope(id);
      if (!found) continue;
      if (auto done = database_.prepare("DELETE FROM jobs WHERE message=?").bind(1, id).run();
          !done)
        return done;
      if (auto done = insert(*found, made_ready); !done) return done;
    }
    if (auto done = transaction.commit(); !done) return done;
  }
  tell(made_ready);
  return {};
}

}  // namespace waxwing
