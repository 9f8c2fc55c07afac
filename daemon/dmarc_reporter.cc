#include "daemon/dmarc_reporter.h"

#include <algorithm>
#include <optional>

#include "auth/dmarc_record.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/report_times.h"
#include "daemon/tls_report.h"
#include "protocols/mail/address.h"

namespace waxwing {
namespace {

constexpr std::chrono::seconds kDns{20};
constexpr std::size_t kMaxReportTargets = 5;

std::string canonical_domain_of(const std::string& address) {
  const auto at = address.rfind('@');
  const auto domain = at == std::string::npos ? address : address.substr(at + 1);
  return mail::canonical_domain(domain).value_or(to_lower(domain));
}

const char* passed(bool is_so) {
  return is_so ? "pass" : "fail";
}

// Why what was done is not what the domain asks for.  RFC 7489 appendix C, RFC 8617 section 7.2.2
void explain(DmarcResult& result, const SenderVerdicts& found, const SenderDecision& decision) {
  if (found.dmarc.result != AuthResult::Fail) return;
  if (decision.is_vouched_for) {
    result.override_type = "local_policy";
    result.override_comment = "arc=pass";
    for (std::size_t i = found.arc.seals.size(); i-- > 0;) {
      const std::string number = " as[" + std::to_string(i + 1) + "]";
      result.override_comment +=
          number + ".d=" + found.arc.seals[i].domain + number + ".s=" + found.arc.seals[i].selector;
    }
  } else if (decision.disposition != found.dmarc.disposition) {
    result.override_type = "local_policy";
  } else if (found.dmarc.disposition != found.dmarc.policy) {
    result.override_type = "sampled_out";
  }
}

}  // namespace

std::optional<DmarcNote> dmarc_note(const SentMessage& sent, const SenderVerdicts& found,
                                    const SenderDecision& decision) {
  if (found.dmarc.result != AuthResult::Pass && found.dmarc.result != AuthResult::Fail)
    return std::nullopt;
  const auto record = dmarc::parse_record(found.dmarc.record);
  if (!record || record->aggregate_to.empty()) return std::nullopt;
  DmarcNote note{found.dmarc.record_domain, {}};
  DmarcResult& result = note.result;
  result.record = found.dmarc.record;
  result.source = sent.origin.peer.address.to_string();
  result.disposition = to_string(decision.disposition);
  result.dkim = passed(found.dmarc.is_dkim_aligned);
  result.spf = passed(found.dmarc.is_spf_aligned);
  explain(result, found, decision);
  result.header_from = found.dmarc.domain;
  if (!sent.envelope.sender.empty())
    result.envelope_from = canonical_domain_of(sent.envelope.sender);
  for (const auto& each : found.dkim)
    if (!each.domain.empty())
      result.signatures.push_back(
          {each.domain, each.selector, std::string(to_string(each.result))});
  result.spf_domain = found.mail_from.domain;
  result.spf_scope = found.mail_from.identity == spf::Identity::Helo ? "helo" : "mfrom";
  result.spf_result = to_string(found.mail_from.result);
  return note;
}

DmarcReporter::DmarcReporter(Parts parts)
    : parts_(std::move(parts)), settings_(parts_.settings), random_(std::random_device{}()) {}

void DmarcReporter::use(std::shared_ptr<const Settings> settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

std::shared_ptr<const Settings> DmarcReporter::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void DmarcReporter::note(const SentMessage& sent, const SenderVerdicts& found,
                         const SenderDecision& decision) {
  if (!settings()->dmarc_reports.send) return;
  if (auto note = dmarc_note(sent, found, decision))
    parts_.counts.note(std::move(note->domain), note->result.print());
}

void DmarcReporter::look() {
  if (is_stopping_ || is_looking_.exchange(true)) return;
  const auto job = [this] {
    look_now();
    is_looking_ = false;
  };
  if (!parts_.lanes.submit(Lane::Network, job)) is_looking_ = false;
}

void DmarcReporter::look_now() {
  const auto days = parts_.counts.before(DailyCounts::day_of(parts_.clock.now()));
  if (!days)
    return log.error("counts for DMARC reports cannot be read", {{"reason", days.error().text}});
  for (const auto& day : *days)
    if (!is_stopping_) decide(day);
}

void DmarcReporter::decide(DailyCounts::Day day) {
  const std::int64_t over = (day.day + 1) * kReportDay;
  const bool is_wanted = settings()->dmarc_reports.send;
  if (!is_wanted || now() >= over + kReportGiveUp) {
    log.warning("dmarc-report-dropped", {{"domain", day.domain},
                                         {"reason", is_wanted ? "it could not be sent for 24 hours"
                                                              : "dmarc_reports.send"}});
    (void)parts_.counts.remove(day.day, day.domain);
    return;
  }
  if (day.due == 0) {
    const std::lock_guard lock(mutex_);
    day.due = over + std::uniform_int_distribution<std::int64_t>(0, kReportSpread)(random_);
    (void)parts_.counts.set_due(day);
  }
  if (now() < day.due) return;
  // Whatever becomes of this attempt.
  day.due = now() + kReportRetry;
  (void)parts_.counts.set_due(day);
  (void)send(day);
}

Result<DmarcReport> DmarcReporter::report_of(const DailyCounts::Day& day) {
  const auto counts = parts_.counts.counts(day.day, day.domain);
  if (!counts) return fail(counts.error());
  const auto settings = this->settings();
  const auto& wanted = settings->dmarc_reports;
  DmarcReport report;
  report.domain = day.domain;
  report.host = settings->hostname;
  report.organization = wanted.organization.empty() ? settings->hostname : wanted.organization;
  report.contact = wanted.contact.empty() ? "postmaster@" + settings->hostname : wanted.contact;
  report.id = hex(random_bytes(8));
  report.begin = day.day * kReportDay;
  report.end = (day.day + 1) * kReportDay - 1;
  for (const auto& count : *counts)
    if (auto result = DmarcResult::parse(count.text))
      report.rows.push_back({*std::move(result), count.count});
  if (report.rows.empty()) return fail(Error::Code::NotFound, "there is nothing to tell");
  return report;
}

// May `domain` have its reports sent there? RFC 7489 section 7.1
Result<bool> DmarcReporter::agrees(TimedLookup& lookup, const std::string& domain,
                                   const DmarcReportTarget& target) const {
  const std::string there = canonical_domain_of(target.mail);
  if (parts_.suffixes.organizational_domain(there) == parts_.suffixes.organizational_domain(domain))
    return true;
  const std::string name = domain + "._report._dmarc." + there;
  if (!is_dns_name(name)) return false;
  const auto answer = lookup.ask(name, dns::Type::Txt);
  if (answer.status == dns::Answer::Status::Failed)
    return fail(Error::Code::Temporary, "the DNS does not answer for " + name);
  const auto texts = texts_of(answer);
  return std::ranges::any_of(texts, dmarc::is_record);
}

// As the record is now: who asked yesterday may not want it any more.
Result<std::vector<DmarcReportTarget>> DmarcReporter::find_targets(const std::string& domain) {
  TimedLookup lookup(parts_.resolver, parts_.clock, kDns);
  const auto answer = lookup.ask("_dmarc." + domain, dns::Type::Txt);
  if (answer.status == dns::Answer::Status::Failed)
    return fail(Error::Code::Temporary, "the DNS does not answer: " + answer.trouble);
  auto texts = texts_of(answer);
  std::erase_if(texts, [](const std::string& text) { return !dmarc::is_record(text); });
  std::vector<DmarcReportTarget> targets;
  if (texts.size() != 1) return targets;
  const auto record = dmarc::parse_record(texts[0]);
  if (!record) return targets;
  for (const auto& uri : record->aggregate_to) {
    auto target = report_target(uri);
    if (!target || targets.size() == kMaxReportTargets) continue;
    const auto agreed = agrees(lookup, domain, *target);
    if (!agreed) return fail(agreed.error());
    if (*agreed) targets.push_back(*std::move(target));
  }
  return targets;
}

Result<std::string> DmarcReporter::send(const DailyCounts::Day& day) {
  const std::lock_guard lock(sending_);
  const auto ended = [&day](Error error) -> Result<std::string> {
    if (error.code != Error::Code::NotFound)
      log.warning("dmarc-report-delayed", {{"domain", day.domain}, {"reason", error.text}});
    return fail(std::move(error));
  };
  const auto report = report_of(day);
  if (!report) return ended(report.error());
  const auto targets = find_targets(day.domain);
  if (!targets) return ended(targets.error());
  if (targets->empty()) {
    (void)parts_.counts.remove(day.day, day.domain);
    return ended({Error::Code::NotFound, day.domain + " asks for no reports that may be sent"});
  }
  const std::string packed = gzip(report->xml());
  std::vector<std::string> taken;
  std::optional<Error> trouble;
  for (const auto& target : *targets) {
    const std::string text = report->mail(target.mail, packed, now());
    if (target.most > 0 && text.size() > target.most) continue;
    if (const auto done = parts_.mail(hex(random_bytes(8)), target.mail, text)) {
      taken.push_back(target.mail);
    } else {
      trouble = done.error();
    }
  }
  if (taken.empty() && trouble) return ended(*std::move(trouble));
  (void)parts_.counts.remove(day.day, day.domain);
  if (taken.empty())
    return ended({Error::Code::NotFound, "the report is larger than " + day.domain + " takes"});
  const std::string to = join(taken, ", ");
  log.info("dmarc-report-sent", {{"domain", day.domain}, {"id", report->id}, {"to", to}});
  return "a report to " + day.domain + " is sent: " + to;
}

Result<std::string> DmarcReporter::send_now(const std::string& domain) {
  const auto days = parts_.counts.before(DailyCounts::day_of(parts_.clock.now()) + 1);
  if (!days) return fail(days.error());
  Result<std::string> last =
      fail(Error::Code::NotFound, "nothing is known of mail in the name of " + domain);
  for (const auto& day : *days) {
    if (day.domain != domain) continue;
    last = send(day);
    if (!last) break;
  }
  return last;
}

}  // namespace waxwing
