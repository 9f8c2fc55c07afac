#include "daemon/received_reports.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/text.h"
#include "daemon/dmarc_report_reader.h"
#include "daemon/report_unpack.h"
#include "protocols/mail/content.h"
#include "protocols/mail/transfer.h"

namespace waxwing {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxFile = 2 * kMaxUnpacked;  // in base64, and with what is around it
constexpr int kMaxNesting = 10;

std::string file_name_of(const mail::Part& part) {
  for (const auto* parameters : {&part.disposition_parameters, &part.parameters})
    for (const char* name : {"filename", "name"})
      if (const auto* found = mail::find_parameter(*parameters, name)) return to_lower(*found);
  return "";
}

bool is_report(const mail::Part& part) {
  if (!part.parts.empty()) return false;
  constexpr std::string_view kTypes[] = {"gzip",  "x-gzip",           "zip",
                                         "x-zip", "x-zip-compressed", "xml"};
  const std::string name = file_name_of(part);
  const bool is_named = name.ends_with(".xml") || name.ends_with(".gz") || name.ends_with(".zip");
  return is_named || std::ranges::find(kTypes, part.subtype) != std::end(kTypes);
}

bool has_report(const mail::Part& part, int depth = 0) {
  return is_report(part) ||
         (depth < kMaxNesting &&
          std::ranges::any_of(part.parts, [&](auto& each) { return has_report(each, depth + 1); }));
}

// What a stranger wrote, for a table.
std::string shown(std::string_view text) {
  return text.empty() ? "-" : printable(text, 80);
}

std::string date(std::int64_t seconds) {
  return utc(seconds).substr(0, 10);
}

bool has_passed(const DmarcResult& result) {
  return result.dkim == "pass" || result.spf == "pass";
}

}  // namespace

bool may_hold_report(const mail::Message& message) {
  return has_report(message.root);
}

Outcome ReceivedReports::add(std::string_view bytes) {
  const auto start = trim(bytes.substr(0, 1000));
  const bool is_file = bytes.starts_with("\x1f\x8b") || bytes.starts_with("PK\x03\x04") ||
                       start.starts_with('<') || start.starts_with("\xef\xbb\xbf<");
  if (is_file) return add_report(bytes);
  const auto message = mail::parse(bytes);
  return add(message, [bytes](mail::ByteRange range) -> Result<std::string> {
    return std::string(bytes.substr(range.offset, range.size));
  });
}

Outcome ReceivedReports::add(const mail::Message& message, const mail::ReadRange& read) {
  Outcome trouble = fail(Error::Code::NotFound, "there is no report in it");
  if (add_part(message.root, read, trouble)) return {};
  return trouble;
}

// True when there was a report in it; what was wrong with what looked like one goes to `trouble`.
bool ReceivedReports::add_part(const mail::Part& part, const mail::ReadRange& read,
                               Outcome& trouble) {
  bool has_any = false;
  for (const auto& each : part.parts) has_any = add_part(each, read, trouble) || has_any;
  if (!is_report(part)) return has_any;
  if (part.body_size > kMaxFile) {
    trouble = fail(Error::Code::TooLarge, "it is too large");
    return has_any;
  }
  const auto body = read({part.body_offset, part.body_size});
  Outcome done =
      body ? add_report(mail::decode_transfer(part.encoding, *body)) : Outcome(fail(body.error()));
  if (done) return true;
  trouble = std::move(done);
  return has_any;
}

Outcome ReceivedReports::add_report(std::string_view packed) {
  const auto xml = unpack_report(packed);
  if (!xml) return fail(xml.error());
  auto report = read_dmarc_report(*xml);
  if (!report) return fail(report.error());
  // The same report may lie in two mailboxes.
  const bool is_known = std::ranges::any_of(reports_, [&](const DmarcReport& each) {
    return each.id == report->id && each.organization == report->organization &&
           each.domain == report->domain;
  });
  if (is_known) return {};
  for (const auto& row : report->rows) {
    auto& source = sources_[{report->domain, row.result.source}];
    source.messages += row.count;
    if (has_passed(row.result)) source.passed += row.count;
    if (row.result.disposition == "quarantine") source.quarantined += row.count;
    if (row.result.disposition == "reject") source.rejected += row.count;
  }
  report->rows = {};
  reports_.push_back(*std::move(report));
  return {};
}

Answer ReceivedReports::summary() const {
  if (reports_.empty()) return done("there are no reports", {{"reports", json::array()}});
  std::vector<std::vector<std::string>> told = {{"FROM", "TO", "DOMAIN", "REPORTED BY"}};
  json reports = json::array();
  for (const auto& report : reports_) {
    told.push_back(
        {date(report.begin), date(report.end), shown(report.domain), shown(report.organization)});
    reports.push_back({{"organization", report.organization},
                       {"contact", report.contact},
                       {"id", report.id},
                       {"domain", report.domain},
                       {"begin", utc(report.begin)},
                       {"end", utc(report.end)}});
  }
  std::vector<std::pair<std::pair<std::string, std::string>, Source>> all(sources_.begin(),
                                                                          sources_.end());
  std::ranges::stable_sort(all, [](const auto& a, const auto& b) {
    return a.first.first != b.first.first ? a.first.first < b.first.first
                                          : a.second.messages > b.second.messages;
  });
  std::vector<std::vector<std::string>> rows = {
      {"DOMAIN", "SOURCE", "MESSAGES", "PASSED", "FAILED", "QUARANTINED", "REJECTED"}};
  json sources = json::array();
  for (const auto& [name, source] : all) {
    const std::uint64_t failed = source.messages - source.passed;
    rows.push_back({shown(name.first), shown(name.second), std::to_string(source.messages),
                    std::to_string(source.passed), std::to_string(failed),
                    std::to_string(source.quarantined), std::to_string(source.rejected)});
    sources.push_back({{"domain", name.first},
                       {"source", name.second},
                       {"messages", source.messages},
                       {"passed", source.passed},
                       {"failed", failed},
                       {"quarantined", source.quarantined},
                       {"rejected", source.rejected}});
  }
  return done(table(told) + "\n" + table(rows),
              {{"reports", std::move(reports)}, {"sources", std::move(sources)}});
}

Answer read_reports(const std::vector<std::string>& files) {
  ReceivedReports reports;
  for (const auto& file : files) {
    std::ifstream opened;
    if (file != "-") opened.open(file, std::ios::binary);
    std::istream& in = file == "-" ? std::cin : opened;
    if (!in) return failed("cannot read " + file + ": is there such a file, and may you?");
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    if (bytes.size() > kMaxFile) return failed(file + ": it is too large");
    if (const auto added = reports.add(bytes); !added)
      return failed(file + ": " + added.error().text);
  }
  return reports.summary();
}

}  // namespace waxwing
