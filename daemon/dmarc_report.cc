#include "daemon/dmarc_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "auth/dmarc_record.h"
#include "base/encoding.h"
#include "base/text.h"
#include "daemon/tls_report.h"
#include "protocols/mail/address.h"
#include "protocols/mail/date.h"

namespace waxwing {
namespace {

using nlohmann::json;

// XML 1.0 has no way to write control characters, nor octets that are no UTF-8.
std::string escaped(std::string_view text) {
  std::string clean;
  for (const char c : is_utf8(text) ? std::string(text) : printable(text, 4096)) {
    switch (c) {
      case '&': clean += "&amp;"; break;
      case '<': clean += "&lt;"; break;
      case '>': clean += "&gt;"; break;
      default: clean += (c >= 0 && c < ' ') || c == 127 ? '?' : c;
    }
  }
  return clean;
}

std::string element(std::string_view name, std::string_view text) {
  return "<" + std::string(name) + ">" + escaped(text) + "</" + std::string(name) + ">";
}

std::string element(std::string_view name, std::uint64_t number) {
  return element(name, std::to_string(number));
}

std::string describe(const dmarc::Record& record, const std::string& domain) {
  const auto mode = [](dmarc::Alignment alignment) {
    return alignment == dmarc::Alignment::Strict ? "s" : "r";
  };
  return "  <policy_published>\n    " + element("domain", domain) +
         element("adkim", mode(record.dkim)) + element("aspf", mode(record.spf)) +
         element("p", to_string(record.policy)) +
         element("sp", to_string(record.subdomain_policy)) + element("pct", record.percent) +
         "\n  </policy_published>\n";
}

std::string describe(const DmarcReport::Row& row) {
  const DmarcResult& result = row.result;
  std::string text = "  <record>\n    <row>" + element("source_ip", result.source) +
                     element("count", row.count) + "\n      <policy_evaluated>" +
                     element("disposition", result.disposition) + element("dkim", result.dkim) +
                     element("spf", result.spf);
  if (!result.override_type.empty())
    text += "<reason>" + element("type", result.override_type) +
            element("comment", result.override_comment) + "</reason>";
  text += "</policy_evaluated>\n    </row>\n    <identifiers>";
  if (!result.envelope_from.empty()) text += element("envelope_from", result.envelope_from);
  text += element("header_from", result.header_from) + "</identifiers>\n    <auth_results>\n";
  for (const auto& each : result.signatures)
    text += "      <dkim>" + element("domain", each.domain) + element("selector", each.selector) +
            element("result", each.result) + "</dkim>\n";
  text += "      <spf>" + element("domain", result.spf_domain) +
          element("scope", result.spf_scope) + element("result", result.spf_result) + "</spf>\n";
  return text + "    </auth_results>\n  </record>\n";
}

// The record that most of the messages were judged by.
dmarc::Record main_record(const std::vector<DmarcReport::Row>& rows) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& row : rows) counts[row.result.record] += row.count;
  const auto most = std::ranges::max_element(
      counts, [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == counts.end()) return {};
  return dmarc::parse_record(most->first).value_or(dmarc::Record());
}

// "10m"
std::optional<std::uint64_t> read_size(std::string_view text) {
  std::uint64_t unit = 1;
  constexpr std::string_view kUnits = "kmgt";
  if (!text.empty() && kUnits.find(to_lower(text.back())) != std::string_view::npos) {
    unit = std::uint64_t{1024} << 10 * kUnits.find(to_lower(text.back()));
    text.remove_suffix(1);
  }
  const auto number = parse_number(text, 1'000'000);
  return number ? std::optional(*number * unit) : std::nullopt;
}

}  // namespace

std::string DmarcResult::print() const {
  json all = json::array();
  for (const auto& each : signatures) all.push_back({each.domain, each.selector, each.result});
  return json{{"record", record},
              {"source", source},
              {"disposition", disposition},
              {"dkim", dkim},
              {"spf", spf},
              {"override", {override_type, override_comment}},
              {"from", {header_from, envelope_from}},
              {"signatures", std::move(all)},
              {"checked", {spf_domain, spf_scope, spf_result}}}
      .dump(-1, ' ', true, json::error_handler_t::replace);
}

std::optional<DmarcResult> DmarcResult::parse(std::string_view text) {
  const auto read = json::parse(text, nullptr, false);
  if (!read.is_object()) return std::nullopt;
  DmarcResult result;
  try {
    using Strings = std::vector<std::string>;
    result.record = read.at("record");
    result.source = read.at("source");
    result.disposition = read.at("disposition");
    result.dkim = read.at("dkim");
    result.spf = read.at("spf");
    const auto reason = read.at("override").get<Strings>();
    result.override_type = reason.at(0);
    result.override_comment = reason.at(1);
    const auto from = read.at("from").get<Strings>();
    result.header_from = from.at(0);
    result.envelope_from = from.at(1);
    for (const auto& each : read.at("signatures").get<std::vector<Strings>>())
      result.signatures.push_back({each.at(0), each.at(1), each.at(2)});
    const auto checked = read.at("checked").get<Strings>();
    result.spf_domain = checked.at(0);
    result.spf_scope = checked.at(1);
    result.spf_result = checked.at(2);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  return result;
}

std::string DmarcReport::xml() const {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feedback>\n"
      "  <version>1.0</version>\n  <report_metadata>\n    " +
      element("org_name", organization) + element("email", contact) + element("report_id", id) +
      "\n    <date_range>" + element("begin", static_cast<std::uint64_t>(begin)) +
      element("end", static_cast<std::uint64_t>(end)) + "</date_range>\n  </report_metadata>\n";
  text += describe(main_record(rows), domain);
  for (const auto& row : rows) text += describe(row);
  return text + "</feedback>\n";
}

std::string DmarcReport::file_name() const {
  return host + "!" + domain + "!" + std::to_string(begin) + "!" + std::to_string(end) + "!" + id +
         ".xml.gz";
}

std::string DmarcReport::mail(const std::string& to, std::string_view packed,
                              std::int64_t now) const {
  const std::string boundary = "=_" + id;
  std::uint64_t messages = 0;
  for (const auto& row : rows) messages += row.count;
  std::string text = "From: <" + contact + ">\r\nTo: <" + to + ">\r\n";
  text += "Date: " + mail::print_date(now) + "\r\n";
  text += "Message-ID: <" + id + "@" + host + ">\r\n";
  text += "Subject: Report Domain: " + domain + "\r\n Submitter: " + host + "\r\n Report-ID: <" +
          id + "@" + host + ">\r\n";
  text += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  text += "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n";
  text += "--" + boundary + "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
  text += "This is an aggregate report (DMARC) of " + std::to_string(messages) +
          " messages that came to\r\n" + host + " in the name of\r\n" + domain + ", from " +
          mail::print_date(begin) + " to\r\n" + mail::print_date(end) + ".\r\nQuestions go to " +
          contact + ".\r\n\r\n";
  text += "--" + boundary + "\r\nContent-Type: application/gzip\r\n";
  text += "Content-Transfer-Encoding: base64\r\n";
  text += "Content-Disposition: attachment;\r\n filename=\"" + file_name() + "\"\r\n\r\n";
  text += in_lines(base64(packed)) + "--" + boundary + "--\r\n";
  return text;
}

std::optional<DmarcReportTarget> report_target(std::string_view uri) {
  constexpr std::string_view kScheme = "mailto:";
  if (!starts_with_ignoring_case(uri, kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  DmarcReportTarget target;
  if (const auto mark = uri.rfind('!'); mark != std::string_view::npos) {
    const auto size = read_size(uri.substr(mark + 1));
    if (!size) return std::nullopt;
    target.most = *size;
    uri = uri.substr(0, mark);
  }
  const auto plain = from_percent(uri.substr(0, uri.find('?')));
  const auto address = plain ? mail::parse_address(*plain) : std::nullopt;
  if (!address || !address->is_ascii() || address->domain.starts_with('[')) return std::nullopt;
  target.mail = address->to_string();
  return target;
}

}  // namespace waxwing
