#include <utility>

#include "daemon/commands.h"

namespace waxwing {

namespace {

using nlohmann::json;

constexpr const char* kDown = "the server is not running, so there are no sessions";

Answer who(World& world, const Request&) {
  if (!world.who) return failed(kDown);
  std::vector<std::vector<std::string>> rows = {
      {"SESSION", "SINCE", "SERVICE", "PORT", "ADDRESS", "TLS", "ACCOUNT"}};
  json all = json::array();
  for (const SessionSummary& session : world.who()) {
    rows.push_back({session.id, utc(session.since), session.service, std::to_string(session.port),
                    session.address, session.tls.empty() ? "-" : session.tls,
                    session.user.empty() ? "-" : session.user});
    all.push_back({{"session", session.id},
                   {"since", utc(session.since)},
                   {"service", session.service},
                   {"port", session.port},
                   {"address", session.address},
                   {"tls", session.tls},
                   {"account", session.user}});
  }
  return done(table(rows), std::move(all));
}

Answer kick(World& world, const Request& request) {
  if (!world.kick) return failed(kDown);
  const std::string session = text_of(request, "session");
  if (world.kick(session) == 0)
    return failed("there is no session " + session + ": `waxwing who` shows those that there are");
  return done("session " + session + " ends");
}

}  // namespace

const std::vector<Command>& session_commands() {
  static const std::vector<Command> commands = {{"who", who}, {"kick", kick}};
  return commands;
}

}  // namespace waxwing
