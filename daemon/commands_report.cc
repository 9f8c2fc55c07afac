#include <utility>

#include "base/text.h"
#include "daemon/commands.h"
#include "protocols/mail/address.h"

namespace waxwing {

namespace {

using nlohmann::json;

const char* name_of(TlsPolicy::Kind kind) {
  switch (kind) {
    case TlsPolicy::Kind::None: return "none";
    case TlsPolicy::Kind::Sts: return "sts";
    case TlsPolicy::Kind::Tlsa: return "dane";
  }
  return "";
}

std::string date_of(std::int64_t day) {
  return utc(day * 86400).substr(0, 10);
}

Answer send_report(World& world, const std::string& domain) {
  if (!world.send_tls_report) return failed("reports are sent by the server, and it does not run");
  const auto sent = world.send_tls_report(domain);
  return sent ? done(*sent, {{"sent", *sent}}) : failed(sent.error().text);
}

// What the next reports will say.
Answer report_tls(World& world, const Request& request) {
  const std::string written = text_of(request, "domain");
  const std::string domain = mail::canonical_domain(written).value_or(to_lower(written));
  if (request.value("send", false)) return send_report(world, domain);
  constexpr std::int64_t kAll = INT64_MAX;
  const auto days = world.tls_sessions->before(kAll);
  if (!days) return failed(days.error().text);
  std::vector<std::vector<std::string>> rows = {
      {"DAY", "DOMAIN", "POLICY", "HOST", "SESSIONS", "RESULT"}};
  json result = json::array();
  for (const auto& day : *days) {
    if (!domain.empty() && day.domain != domain) continue;
    const auto counts = world.tls_sessions->sessions(day.day, day.domain);
    if (!counts) return failed(counts.error().text);
    for (const auto& count : *counts) {
      const auto& session = count.session;
      const std::string policy = name_of(session.policy->kind);
      const std::string went = session.result.empty() ? "good" : session.result;
      rows.push_back({date_of(day.day), day.domain, policy, session.mx.empty() ? "-" : session.mx,
                      std::to_string(count.sessions), went});
      result.push_back({{"day", date_of(day.day)},
                        {"domain", day.domain},
                        {"policy", policy},
                        {"host", session.mx},
                        {"address", session.address},
                        {"sessions", count.sessions},
                        {"result", went},
                        {"reason", printable(session.reason)}});
    }
  }
  if (rows.size() == 1) return done("nothing is to be reported", std::move(result));
  return done(table(rows), std::move(result));
}

}  // namespace

const std::vector<Command>& report_commands() {
  static const std::vector<Command> commands = {{"report tls", report_tls}};
  return commands;
}

}  // namespace waxwing
