#include <algorithm>
#include <map>
#include <utility>

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

// Does the configuration hold all that this message waits for?
bool is_held_by(const Settings& settings, const Queue::Summary& summary) {
  const auto& held = settings.queue.hold;
  return !summary.destinations.empty() &&
         std::ranges::all_of(summary.destinations, [&](const auto& destination) {
           const auto plain = Queue::plain_destination(destination);
           return std::ranges::any_of(
               held, [&](const auto& domain) { return domain == "*" || domain == plain; });
         });
}

// When it is tried next, as far as is known: the message may be due and its destination down.
std::string state_of(const World& world, const Queue::Summary& summary,
                     const std::map<std::string, Destination::Summary>& down) {
  if (summary.is_taken) return "sending";
  if (summary.is_held || (world.settings && is_held_by(*world.settings, summary))) return "held";
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

Answer queue_show(World& world, const Request& request) {
  const std::string id = text_of(request, "id");
  const auto envelope = world.queue.envelope(id);
  if (!envelope && envelope.error().code == Error::Code::NotFound) return no_message(id);
  if (!envelope) return failed(envelope.error().text);
  std::string text = "id          " + envelope->id + "\nfrom        <" + envelope->sender +
                     ">\naccount     " + (envelope->account.empty() ? "-" : envelope->account) +
                     "\nmessage-id  " + printable(envelope->message_id) + "\naccepted    " +
                     utc(envelope->accepted) + "\nsize        " + std::to_string(envelope->size);
  json recipients = json::array();
  for (const auto& each : envelope->recipients) {
    text += "\n\nto          <" + each.address + ">\nstate       " + to_string(each.state) +
            "\nattempts    " + std::to_string(each.attempts);
    if (each.tried > 0) text += "\ntried       " + utc(each.tried);
    if (each.due > 0) text += "\nnext        " + utc(each.due);
    if (!each.host.empty()) text += "\nserver      " + each.host;
    if (!each.reply.empty()) text += "\nreply       " + each.reply;
    recipients.push_back({{"address", each.address},
                          {"state", to_string(each.state)},
                          {"attempts", each.attempts},
                          {"tried", each.tried > 0 ? json(utc(each.tried)) : json()},
                          {"next", each.due > 0 ? json(utc(each.due)) : json()},
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

// Nothing to do is a typing error, unless all are meant.
std::optional<Answer> no_such(const std::string& which, std::size_t count) {
  if (count > 0 || which.empty()) return std::nullopt;
  return failed("nothing in the queue goes by \"" + which +
                "\": name an id or a domain that `waxwing queue list` shows");
}

std::string messages(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " delivery" : " deliveries");
}

Answer queue_retry(World& world, const Request& request) {
  const std::string which = which_of(request);
  const auto count = world.queue.retry(which);
  if (!count) return failed(count.error().text);
  if (auto nothing = no_such(which, *count)) return *nothing;
  if (world.try_now && *count > 0) world.try_now("");
  return done(messages(*count) + (world.try_now ? " tried now" : " tried when the server runs"),
              {{"deliveries", *count}});
}

Answer queue_hold(World& world, const Request& request) {
  const std::string which = which_of(request);
  const auto count = world.queue.hold(which);
  if (!count) return failed(count.error().text);
  if (auto nothing = no_such(which, *count)) return *nothing;
  return done(messages(*count) + " held until `waxwing queue retry`", {{"deliveries", *count}});
}

Answer queue_remove(World& world, const Request& request) {
  const std::string id = text_of(request, "id");
  const auto removed = world.queue.remove(id);
  if (removed) return done("message " + id + " is removed");
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
