#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "daemon/commands.h"

namespace waxwing {

namespace {

using nlohmann::json;

constexpr std::size_t kPage = 1000;

std::string which_of(const Request& request) {
  const std::string which = text_of(request, "which");
  return which == "all" ? std::string() : which;
}

std::map<std::string, Destination::Summary> troubles(World& world) {
  std::map<std::string, Destination::Summary> all;
  if (!world.destinations) return all;
  for (auto& summary : world.destinations()) {
    if (!summary.trouble.empty()) all.emplace(summary.name, std::move(summary));
  }
  return all;
}

// The word of `queue.hold` that keeps a destination back; empty: none does.
std::string held_by(const World& world, std::string_view destination) {
  if (!world.settings) return {};
  const auto plain = Queue::plain_destination(destination);
  for (const auto& word : world.settings->queue.hold)
    if (word == "*" || word == plain) return word;
  return {};
}

// Does the configuration hold all that this message waits for?
bool is_held_by(const World& world, const Queue::Summary& summary) {
  return !summary.destinations.empty() &&
         std::ranges::all_of(summary.destinations, [&](const auto& destination) {
           return !held_by(world, destination).empty();
         });
}

std::string how_to_release(const std::string& word) {
  return "held by the configuration: take \"" + word + "\" out of queue.hold and reload the server";
}

// When it is tried next, as far as is known: the message may be due and its destination down.
std::string state_of(const World& world, const Queue::Summary& summary,
                     const std::map<std::string, Destination::Summary>& down) {
  if (summary.is_taken) return "sending";
  if (summary.is_held || is_held_by(world, summary)) return "held";
  std::int64_t due = summary.due;
  for (const auto& destination : summary.destinations) {
    const auto found = down.find(destination);
    if (found != down.end() && found->second.down_until)
      due = std::max(due, unix_seconds(*found->second.down_until));
  }
  return due == 0 ? "ready" : utc(due);
}

Answer queue_list(World& world, const Request& request) {
  const auto all = world.queue.list(kPage, text_of(request, "after"));
  if (!all) return failed(all.error().text);
  const auto down = troubles(world);
  std::vector<std::vector<std::string>> rows = {{"ID", "SINCE", "SIZE", "NEXT", "FROM", "TO"}};
  json result = json::array();
  for (const auto& each : *all) {
    const std::string sender = each.sender.empty() ? "<>" : each.sender;
    const std::string state = state_of(world, each, down);
    rows.push_back({each.id, utc(each.accepted), std::to_string(each.size), state, sender,
                    join(each.destinations, ",")});
    result.push_back({{"id", each.id},
                      {"since", utc(each.accepted)},
                      {"size", each.size},
                      {"next", state},
                      {"from", each.sender},
                      {"account", each.account},
                      {"destinations", each.destinations}});
  }
  std::string text = all->empty() ? "the queue is empty" : table(rows);
  for (const auto& [name, summary] : down) text += "\n" + name + ": " + summary.trouble;
  if (all->size() == kPage)
    text += "\nthere may be more: waxwing queue list --after " + all->back().id;
  return done(std::move(text), std::move(result));
}

Answer no_message(const std::string& id) {
  return failed("there is no message " + id +
                " in the queue: `waxwing queue list` shows those "
                "that there are");
}

// Who keeps each recipient back, by his place in the envelope.
Result<std::map<std::size_t, std::string>> holders(World& world, const std::string& id) {
  const auto deliveries = world.queue.deliveries(id);
  if (!deliveries) return fail(deliveries.error());
  std::map<std::size_t, std::string> all;
  for (const auto& each : *deliveries) {
    const std::string word = held_by(world, each.destination);
    std::string why = word.empty() ? "" : how_to_release(word);
    if (each.is_held) why = "held until `waxwing queue retry " + id + "`";
    if (why.empty()) continue;
    for (const auto number : each.recipients) all.emplace(number, why);
  }
  return all;
}

Answer queue_show(World& world, const Request& request) {
  const std::string id = text_of(request, "id");
  const auto envelope = world.queue.envelope(id);
  if (!envelope && envelope.error().code == Error::Code::NotFound) return no_message(id);
  if (!envelope) return failed(envelope.error().text);
  const auto held = holders(world, id);
  if (!held) return failed(held.error().text);
  std::string text = "id          " + envelope->id + "\nfrom        <" + envelope->sender +
                     ">\naccount     " + (envelope->account.empty() ? "-" : envelope->account) +
                     "\nmessage-id  " + printable(envelope->message_id) + "\naccepted    " +
                     utc(envelope->accepted) + "\nsize        " + std::to_string(envelope->size);
  json recipients = json::array();
  for (std::size_t i = 0; i < envelope->recipients.size(); ++i) {
    const auto& each = envelope->recipients[i];
    const auto why = held->find(i);
    const bool is_held = each.state == QueuedRecipient::State::Waiting && why != held->end();
    const bool has_time = each.due > 0 && !is_held;
    text += "\n\nto          <" + each.address + ">\nstate       " +
            (is_held ? why->second : to_string(each.state)) + "\nattempts    " +
            std::to_string(each.attempts);
    if (each.tried > 0) text += "\ntried       " + utc(each.tried);
    if (has_time) text += "\nnext        " + utc(each.due);
    if (!each.host.empty()) text += "\nserver      " + each.host;
    if (!each.reply.empty()) text += "\nreply       " + each.reply;
    recipients.push_back({{"address", each.address},
                          {"state", is_held ? "held" : to_string(each.state)},
                          {"attempts", each.attempts},
                          {"tried", each.tried > 0 ? json(utc(each.tried)) : json()},
                          {"next", has_time ? json(utc(each.due)) : json()},
                          {"server", each.host},
                          {"status", each.status},
                          {"reply", each.reply}});
  }
  return done(std::move(text), {{"id", envelope->id},
                                {"from", envelope->sender},
                                {"account", envelope->account},
                                {"message_id", printable(envelope->message_id)},
                                {"accepted", utc(envelope->accepted)},
                                {"size", envelope->size},
                                {"recipients", std::move(recipients)}});
}

std::string deliveries(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " delivery" : " deliveries");
}

std::string is_or_are(std::size_t count) {
  return deliveries(count) + (count == 1 ? " is " : " are ");
}

// Nothing to do is a typing error, unless all are meant.
std::optional<Answer> no_such(const std::string& which, const Queue::Named& named) {
  if (named.changed + named.unchanged + named.taken > 0) return std::nullopt;
  if (which.empty()) return done("the queue is empty", {{"deliveries", 0}});
  return failed("nothing in the queue goes by \"" + which +
                "\": name an id that `waxwing queue list` shows, or a domain or address of those "
                "who send or get it");
}

// The queue works by deliveries: a message, and those of its recipients that go the same way.
std::string along_with(const Queue::Named& named) {
  if (named.along == 0) return "";
  return ", and with " + std::string(named.changed == 1 ? "it " : "them ") +
         std::to_string(named.along) + " more " + (named.along == 1 ? "recipient" : "recipients") +
         " of the same messages";
}

// What the configuration holds is ready from now on, and waits for it all the same.
std::string tell_of_held(const World& world, const Queue::Named& named, std::size_t& held) {
  std::map<std::string, std::size_t> words;
  for (const auto& [destination, count] : named.destinations) {
    const std::string word = held_by(world, destination);
    if (word.empty()) continue;
    words[word] += count;
    held += count;
  }
  std::string text;
  for (const auto& [word, count] : words)
    text += (text.empty() ? "" : "\n") + is_or_are(count) + how_to_release(word);
  return text;
}

// A server that did not answer is asked again, for all that waits for it.
std::string ask_again(World& world, const std::string& which, const Queue::Named& named) {
  if (!world.try_now) return "";
  const auto down = troubles(world);
  if (which.empty()) world.try_now("");
  std::string text;
  for (const auto& [destination, count] : named.destinations) {
    if (which.empty() || !held_by(world, destination).empty()) continue;
    world.try_now(std::string(Queue::plain_destination(destination)));
    if (down.contains(destination))
      text += "\n" + destination + " is asked again, also for other mail that waits for it";
  }
  return text;
}

Answer queue_retry(World& world, const Request& request) {
  const std::string which = which_of(request);
  const auto named = world.queue.retry(which);
  if (!named) return failed(named.error().text);
  if (auto nothing = no_such(which, *named)) return *nothing;
  std::size_t held = 0;
  const std::string still_held = tell_of_held(world, *named, held);
  const std::size_t tried = named->changed - held;
  std::string text;
  if (tried > 0)
    text = deliveries(tried) + (world.try_now ? " tried now" : " tried when the server runs") +
           along_with(*named) + ask_again(world, which, *named);
  for (const auto& more :
       {named->taken > 0 ? is_or_are(named->taken) + "under way just now" : "", still_held}) {
    if (!more.empty()) text += (text.empty() ? "" : "\n") + more;
  }
  Answer answer =
      done(std::move(text),
           {{"deliveries", tried}, {"under_way", named->taken}, {"held_by_configuration", held}});
  if (tried + named->taken == 0) answer.status = 1;
  return answer;
}

Answer queue_hold(World& world, const Request& request) {
  const std::string which = which_of(request);
  const auto named = world.queue.hold(which);
  if (!named) return failed(named.error().text);
  if (auto nothing = no_such(which, *named)) return *nothing;
  const std::string until = " until `waxwing queue retry`";
  std::string text;
  if (named->changed > 0) text = deliveries(named->changed) + " held" + until + along_with(*named);
  if (named->unchanged > 0)
    text += (text.empty() ? "" : "\n") + is_or_are(named->unchanged) + "held already" +
            (named->changed > 0 ? "" : until);
  if (named->taken > 0)
    text += (text.empty() ? "" : "\n") + is_or_are(named->taken) +
            "under way just now: try again in a moment";
  Answer answer = done(std::move(text), {{"deliveries", named->changed},
                                         {"held_already", named->unchanged},
                                         {"under_way", named->taken}});
  if (named->changed + named->unchanged == 0) answer.status = 1;
  return answer;
}

void note_removal(World& world, const std::string& id, const Result<Envelope>& envelope) {
  if (!envelope) log.info("removed", {{"id", id}});
  for (const auto& each : envelope ? envelope->recipients : std::vector<QueuedRecipient>()) {
    if (each.state != QueuedRecipient::State::Waiting) continue;
    log.info("removed", {{"id", id}, {"from", envelope->sender}, {"to", each.address}});
    if (world.trace)
      world.trace->note(
          {id, "", "", {}, "to <" + each.address + ">: removed by the administrator"});
  }
  if (!envelope && world.trace) world.trace->note({id, "", "", {}, "removed by the administrator"});
}

Answer queue_remove(World& world, const Request& request) {
  const std::string id = text_of(request, "id");
  const auto envelope = world.queue.envelope(id);
  const auto removed = world.queue.remove(id);
  if (removed) {
    note_removal(world, id, envelope);
    return done("message " + id + " is removed");
  }
  if (removed.error().code == Error::Code::NotFound) return no_message(id);
  if (removed.error().code == Error::Code::Denied)
    return failed("message " + id + " is being delivered just now: try again in a moment");
  return failed(removed.error().text);
}

Answer trace(World& world, const Request& request) {
  constexpr std::size_t kMessages = 100;
  const std::string what = text_of(request, "what");
  const auto events = world.trace->find(what, kMessages);
  if (!events) return failed(events.error().text);
  if (events->empty())
    return failed("nothing is known of " + what +
                  ": it is traced for thirty days by its id, its "
                  "Message-ID, and the addresses of its envelope");
  std::string text;
  json result = json::array();
  for (const auto& event : *events) {
    const std::string line = printable(event.text, 4000);
    text += (text.empty() ? "" : "\n") + utc(event.at / 1000) + "  " + event.id + "  " + line;
    result.push_back({{"at", utc(event.at / 1000)}, {"id", event.id}, {"text", line}});
  }
  return done(std::move(text), std::move(result));
}

}  // namespace

const std::vector<Command>& queue_commands() {
  static const std::vector<Command> commands = {
      {"queue list", queue_list}, {"queue show", queue_show},     {"queue retry", queue_retry},
      {"queue hold", queue_hold}, {"queue remove", queue_remove}, {"trace", trace}};
  return commands;
}

}  // namespace waxwing
