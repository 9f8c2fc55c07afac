// What an administrator sees of the queue and does with it.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "protocols/mail/address.h"
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

Result<std::vector<Queue::Delivery>> Queue::deliveries(std::string_view id) {
  const std::lock_guard lock(mutex_);
  std::vector<Delivery> all;
  auto select =
      database_.prepare("SELECT destination, recipients, state FROM jobs WHERE message=?");
  select.bind(1, id);
  while (select.step())
    all.push_back({std::string(select.text(0)), parse_numbers(select.text(1)),
                   static_cast<State>(select.integer(2)) == State::Held});
  if (auto done = select.finish(); !done) return fail(done.error());
  return all;
}

struct Queue::Choice {
  std::int64_t number = 0;
  std::string message, destination, flow;
  std::vector<std::size_t> recipients;
  State state = State::Waiting;
  std::size_t along = 0;  // recipients that were not named
};

namespace {

std::string domain_of(std::string_view address) {
  const std::string_view domain = address.substr(address.rfind('@') + 1);
  return mail::canonical_domain(domain).value_or(to_lower(domain));
}

}  // namespace

Result<std::vector<Queue::Choice>> Queue::choose(std::string_view which) {
  const bool is_address = which.find('@') != std::string_view::npos;
  const std::string domain = domain_of(which);
  auto message = database_.prepare("SELECT 1 FROM messages WHERE id=?");
  const bool is_message = message.bind(1, which).step();
  if (auto done = message.finish(); !done) return fail(done.error());
  // Recipients stand in the envelopes only, so those are read that go the same way, and what is
  // held: it may still have the way of a configuration that has changed since.
  auto select = database_.prepare(
      "SELECT number, message, destination, flow, recipients, state, ifnull(sender, '')"
      " FROM jobs LEFT JOIN messages ON id=message WHERE " +
      std::string(is_message ? "message=?1"
                             : "?1='' OR flow=?1 OR sender=?1 OR destination IN"
                               " (?1, ?1||?3, ?1||?4, ?2, ?2||?3, ?2||?4) OR state=3"));
  const std::string way = router_(is_address ? std::string(which) : "postmaster@" + domain);
  select.bind(1, which);
  if (!is_message) select.bind(2, way).bind(3, kRequiresTls).bind(4, kTlsOptional);
  std::vector<Choice> found;
  std::vector<bool> is_sure;
  while (select.step()) {
    found.push_back({select.integer(0), std::string(select.text(1)), std::string(select.text(2)),
                     std::string(select.text(3)), parse_numbers(select.text(4)),
                     static_cast<State>(select.integer(5))});
    const Choice& choice = found.back();
    const auto destination = plain_destination(choice.destination);
    is_sure.push_back(which.empty() || choice.message == which || choice.flow == which ||
                      select.text(6) == which || destination == which ||
                      (!is_address && destination == domain));
  }
  if (auto done = select.finish(); !done) return fail(done.error());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!is_sure[i]) look_for_recipients(is_address ? which : std::string_view(domain), found[i]);
  }
  std::erase_if(found, [](const auto& choice) { return choice.recipients.empty(); });
  return found;
}

void Queue::look_for_recipients(std::string_view which, Choice& choice) {
  const bool is_address = which.find('@') != std::string_view::npos;
  const auto envelope = this->envelope(choice.message);
  const auto is_named = [&](std::size_t number) {
    if (!envelope || number >= envelope->recipients.size()) return false;
    const std::string& address = envelope->recipients[number].address;
    return is_address ? equals_ignoring_case(address, which) : domain_of(address) == which;
  };
  const auto named = static_cast<std::size_t>(
      std::count_if(choice.recipients.begin(), choice.recipients.end(), is_named));
  choice.along = choice.recipients.size() - named;
  if (named == 0) choice.recipients.clear();
}

Result<Queue::Named> Queue::retry(std::string_view which) {
  Named named;
  {
    const std::lock_guard lock(mutex_);
    sqlite::Transaction transaction(database_);
    const auto chosen = choose(which);
    if (!chosen) return fail(chosen.error());
    for (const auto& each : *chosen) {
      if (each.state == State::Taken) {
        ++named.taken;
        continue;
      }
      if (auto done = make_ready(each.number, each.destination, each.flow); !done)
        return fail(done.error());
      ++named.changed;
      ++named.destinations[each.destination];
      named.along += each.along;
    }
    if (auto done = transaction.commit(); !done) return fail(done.error());
  }
  std::vector<std::string> destinations;
  for (const auto& [destination, count] : named.destinations) destinations.push_back(destination);
  tell(destinations);
  return named;
}

Result<Queue::Named> Queue::hold(std::string_view which) {
  const std::lock_guard lock(mutex_);
  sqlite::Transaction transaction(database_);
  const auto chosen = choose(which);
  if (!chosen) return fail(chosen.error());
  Named named;
  for (const auto& each : *chosen) {
    if (each.state == State::Taken || each.state == State::Held) {
      ++(each.state == State::Taken ? named.taken : named.unchanged);
      continue;
    }
    if (auto done = set_state(each.number, State::Held); !done) return fail(done.error());
    ++named.changed;
    ++named.destinations[each.destination];
    named.along += each.along;
  }
  if (auto done = transaction.commit(); !done) return fail(done.error());
  return named;
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
