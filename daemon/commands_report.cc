#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "daemon/commands.h"
#include "daemon/dmarc_report.h"
#include "daemon/received_reports.h"
#include "protocols/mail/address.h"

namespace waxwing {

namespace {

using nlohmann::json;

constexpr std::int64_t kAll = INT64_MAX;
constexpr std::size_t kMostReports = 5000;  // of one account

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

using SendReport = std::function<Result<std::string>(const std::string& domain)>;

Answer send_report(const SendReport& send, const std::string& domain) {
  if (!send) return failed("reports are sent by the server, and it does not run");
  const auto sent = send(domain);
  return sent ? done(*sent, {{"sent", *sent}}) : failed(sent.error().text);
}

std::string asked_domain(const Request& request) {
  const std::string written = text_of(request, "domain");
  return mail::canonical_domain(written).value_or(to_lower(written));
}

// What the next reports will say.
Answer report_tls(World& world, const Request& request) {
  const std::string domain = asked_domain(request);
  if (request.value("send", false)) return send_report(world.send_tls_report, domain);
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

Answer report_dmarc(World& world, const Request& request) {
  const std::string domain = asked_domain(request);
  if (request.value("send", false)) return send_report(world.send_dmarc_report, domain);
  const auto days = world.dmarc_counts->before(kAll);
  if (!days) return failed(days.error().text);
  std::vector<std::vector<std::string>> rows = {
      {"DAY", "DOMAIN", "SOURCE", "MESSAGES", "DKIM", "SPF", "DONE"}};
  json result = json::array();
  for (const auto& day : *days) {
    if (!domain.empty() && day.domain != domain) continue;
    const auto counts = world.dmarc_counts->counts(day.day, day.domain);
    if (!counts) return failed(counts.error().text);
    for (const auto& count : *counts) {
      const auto row = DmarcResult::parse(count.text);
      if (!row) continue;
      rows.push_back({date_of(day.day), day.domain, row->source, std::to_string(count.count),
                      row->dkim, row->spf, row->disposition});
      result.push_back({{"day", date_of(day.day)},
                        {"domain", day.domain},
                        {"source", row->source},
                        {"messages", count.count},
                        {"dkim", row->dkim},
                        {"spf", row->spf},
                        {"disposition", row->disposition},
                        {"header_from", row->header_from},
                        {"envelope_from", row->envelope_from}});
    }
  }
  if (rows.size() == 1) return done("nothing is to be reported", std::move(result));
  return done(table(rows), std::move(result));
}

Result<std::string> read_range(const MessageFile& message, mail::ByteRange range) {
  std::string bytes(range.size, '\0');
  for (std::size_t have = 0; have < bytes.size();) {
    const ssize_t count = pread(message.file->get(), bytes.data() + have, bytes.size() - have,
                                static_cast<off_t>(range.offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(Error::Code::Temporary, "the message cannot be read");
    have += static_cast<std::size_t>(count);
  }
  return bytes;
}

// Adds the reports that lie in one mailbox. What looks like one and is none, is passed over.
Outcome add_reports_in(Mailbox& mailbox, ReceivedReports& reports) {
  std::vector<Uid> uids;
  const auto view = mailbox.view();
  for (std::size_t i = 0; i < view->size(); ++i) uids.push_back((*view)[i].uid);
  return mailbox.read(uids, Mailbox::Fields::All, [&](Uid uid, const Parsed& parsed) {
    const auto message = mail::decode(parsed.message);
    if (!message || !may_hold_report(*message)) return true;
    const auto file = mailbox.open(uid);
    if (!file) return true;
    (void)reports.add(*message,
                      [&file](mail::ByteRange range) { return read_range(*file, range); });
    return reports.count() < kMostReports;
  });
}

// What others report of our domains, as it lies in an account.
Answer report_received(World& world, const Request& request) {
  const auto known = world.directory.account(text_of(request, "address"));
  if (!known) return failed(known.error().text);
  const auto account = world.store.account(known->address);
  if (!account) return failed(account.error().text);
  const auto mailboxes = (*account)->mailboxes();
  if (!mailboxes) return failed(mailboxes.error().text);
  ReceivedReports reports;
  for (const auto& each : *mailboxes) {
    if (!each.exists) continue;
    const auto mailbox = (*account)->mailbox(each.name);
    if (!mailbox) return failed(mailbox.error().text);
    if (const auto added = add_reports_in(**mailbox, reports); !added)
      return failed(added.error().text);
  }
  return reports.summary();
}

}  // namespace

const std::vector<Command>& report_commands() {
  static const std::vector<Command> commands = {{"report tls", report_tls},
                                                {"report dmarc", report_dmarc},
                                                {"report received", report_received}};
  return commands;
}

}  // namespace waxwing
