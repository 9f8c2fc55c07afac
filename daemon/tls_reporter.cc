#include "daemon/tls_reporter.h"

#include <future>
#include <optional>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/report_times.h"
#include "protocols/dns/records.h"

namespace waxwing {
namespace {

constexpr std::chrono::seconds kPostDeadline{60};

std::vector<dns::TlsReportTarget> targets_in(const dns::Answer& answer) {
  std::vector<std::string> texts;
  for (const auto& record : answer.records)
    if (auto text = dns::decode_txt(record)) texts.push_back(std::move(*text));
  return dns::tls_report_targets(texts);
}

std::string name_of(const dns::TlsReportTarget& target) {
  return target.mail.empty() ? "https://" + target.host : target.mail;
}

}  // namespace

TlsReporter::TlsReporter(Parts parts)
    : parts_(std::move(parts)), settings_(parts_.settings), random_(std::random_device{}()) {}

void TlsReporter::use(std::shared_ptr<const Settings> settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

std::shared_ptr<const Settings> TlsReporter::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void TlsReporter::note(TlsSession session) {
  if (settings()->tls_reports.send) parts_.sessions.note(std::move(session));
}

void TlsReporter::look() {
  if (is_stopping_ || is_looking_.exchange(true)) return;
  const auto job = [this] {
    look_now();
    is_looking_ = false;
  };
  if (!parts_.lanes.submit(Lane::Network, job)) is_looking_ = false;
}

void TlsReporter::look_now() {
  const auto days = parts_.sessions.before(TlsSessions::day_of(parts_.clock.now()));
  if (!days)
    return log.error("counts of TLS sessions cannot be read", {{"reason", days.error().text}});
  for (const auto& day : *days) {
    if (!is_stopping_) decide(day);
  }
}

void TlsReporter::decide(TlsSessions::Day day) {
  const std::int64_t over = (day.day + 1) * kReportDay;
  const bool is_wanted = settings()->tls_reports.send;
  if (!is_wanted || now() >= over + kReportGiveUp) {
    log.warning("tls-report-dropped",
                {{"domain", day.domain},
                 {"reason", is_wanted ? "it could not be sent for 24 hours" : "tls_reports.send"}});
    (void)parts_.sessions.remove(day.day, day.domain);
    return;
  }
  if (day.due == 0) {
    const std::lock_guard lock(mutex_);
    day.due = over + std::uniform_int_distribution<std::int64_t>(0, kReportSpread)(random_);
    (void)parts_.sessions.set_due(day);
  }
  if (now() < day.due) return;
  // Whatever becomes of this attempt.
  day.due = now() + kReportRetry;
  (void)parts_.sessions.set_due(day);
  begin({day.day, day.domain, {}, [](const auto&) {}});
}

void TlsReporter::begin(Task task) {
  bool is_free = false;
  {
    const std::lock_guard lock(mutex_);
    is_free = under_way_.emplace(task.day, task.domain).second;
  }
  if (!is_free) return task.ended(fail(Error::Code::Temporary, "it is being sent just now"));
  const std::string name = "_smtp._tls." + task.domain;
  parts_.resolver.resolve({name, dns::Type::Txt},
                          [this, task](const dns::Answer& answer) { found_record(task, answer); });
}

void TlsReporter::found_record(Task task, const dns::Answer& answer) {
  if (answer.status == dns::Answer::Status::Failed)
    return end(task, fail(Error::Code::Temporary, "the DNS does not answer: " + answer.trouble));
  task.targets = targets_in(answer);
  if (!task.targets.empty()) return find_addresses(std::move(task), 0, {});
  in_lane(task, [this, task] {
    (void)parts_.sessions.remove(task.day, task.domain);
    end(task, fail(Error::Code::NotFound, task.domain + " does not ask for reports"));
  });
}

// Of web servers, one after another.
void TlsReporter::find_addresses(Task task, std::size_t next,
                                 std::vector<std::vector<IpAddress>> addresses) {
  while (next < task.targets.size() && !task.targets[next].mail.empty()) {
    ++next;
    addresses.emplace_back();
  }
  if (next == task.targets.size())
    return in_lane(task, [this, task, addresses] { deliver(task, addresses); });
  const std::string host = task.targets[next].host;
  dns::resolve_all(parts_.resolver, {{host, dns::Type::Aaaa}, {host, dns::Type::A}},
                   [this, task, next, addresses](const std::vector<dns::Answer>& answers) mutable {
                     addresses.push_back(addresses_in(answers));
                     find_addresses(std::move(task), next + 1, std::move(addresses));
                   });
}

void TlsReporter::in_lane(const Task& task, std::function<void()> job) {
  if (is_stopping_ || !parts_.lanes.submit(Lane::Network, std::move(job)))
    end(task, fail(Error::Code::Temporary, "this server has too much to do just now"));
}

void TlsReporter::deliver(const Task& task, const std::vector<std::vector<IpAddress>>& addresses) {
  auto sessions = parts_.sessions.sessions(task.day, task.domain);
  if (!sessions) return end(task, fail(sessions.error()));
  const auto settings = this->settings();
  TlsReport report;
  report.domain = task.domain;
  report.organization = settings->hostname;
  report.contact = settings->tls_reports.contact.empty() ? "postmaster@" + settings->hostname
                                                         : settings->tls_reports.contact;
  report.id = hex(random_bytes(8));
  report.begin = task.day * kReportDay;
  report.end = (task.day + 1) * kReportDay - 1;
  report.sessions = std::move(*sessions);
  const std::string packed = gzip(report.json());
  std::vector<std::string> taken;
  std::string why;
  for (std::size_t i = 0; i < task.targets.size() && !is_stopping_; ++i) {
    const std::string name = name_of(task.targets[i]);
    const auto done = deliver_to(task.targets[i], addresses[i], report, packed);
    if (done) {
      taken.push_back(name);
      continue;
    }
    why = name + ": " + done.error().text;
    log.warning("tls-report-trouble",
                {{"domain", task.domain}, {"to", name}, {"reason", done.error().text}});
  }
  if (taken.empty()) return end(task, fail(Error::Code::Temporary, why));
  (void)parts_.sessions.remove(task.day, task.domain);
  const std::string to = join(taken, ", ");
  log.info("tls-report-sent", {{"domain", task.domain}, {"id", report.id}, {"to", to}});
  end(task, "a report to " + task.domain + " is sent: " + to);
}

Outcome TlsReporter::deliver_to(const dns::TlsReportTarget& target,
                                const std::vector<IpAddress>& addresses, const TlsReport& report,
                                const std::string& packed) {
  if (!target.mail.empty()) {
    const std::string id = hex(random_bytes(8));
    return parts_.mail(id, target.mail, report.mail(target.mail, packed, now()));
  }
  if (addresses.empty()) return fail(Error::Code::Temporary, target.host + " has no address now");
  HttpsRequest request;
  request.host = target.host;
  request.port = target.port;
  request.path = target.path;
  request.addresses = addresses;
  request.ca_file = settings()->outbound.ca_file;
  request.deadline = kPostDeadline;
  request.content_type = "application/tlsrpt+gzip";
  request.content = packed;
  request.is_cancelled = &is_stopping_;
  const auto answer = parts_.post(request);
  if (answer.kind != HttpsAnswer::Kind::Answered)
    return fail(Error::Code::Temporary, answer.trouble);
  if (answer.status / 100 != 2)
    return fail(Error::Code::Temporary, "it says status " + std::to_string(answer.status));
  return {};
}

void TlsReporter::end(const Task& task, Result<std::string> result) {
  {
    const std::lock_guard lock(mutex_);
    under_way_.erase({task.day, task.domain});
  }
  if (!result && result.error().code != Error::Code::NotFound)
    log.warning("tls-report-delayed", {{"domain", task.domain}, {"reason", result.error().text}});
  task.ended(std::move(result));
}

Result<std::string> TlsReporter::send_now(const std::string& domain) {
  const auto days = parts_.sessions.before(TlsSessions::day_of(parts_.clock.now()) + 1);
  if (!days) return fail(days.error());
  std::optional<Result<std::string>> last;
  for (const auto& day : *days) {
    if (day.domain != domain) continue;
    const auto ended = std::make_shared<std::promise<Result<std::string>>>();
    begin({day.day, day.domain, {}, [ended](auto result) { ended->set_value(std::move(result)); }});
    auto result = ended->get_future();
    // A server that stops lets go of what waits in its lanes.
    while (result.wait_for(std::chrono::milliseconds(200)) != std::future_status::ready) {
      if (is_stopping_) return fail(Error::Code::Cancelled, "the server is shutting down");
    }
    last = result.get();
    if (!*last) break;
  }
  if (!last) return fail(Error::Code::NotFound, "nothing is known of TLS with " + domain);
  return *last;
}

}  // namespace waxwing
