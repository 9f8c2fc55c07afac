#include "daemon/tls_report.h"

#include <zlib.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "protocols/mail/date.h"

namespace waxwing {
namespace {

using nlohmann::ordered_json;
using Count = TlsSessions::Count;

// RFC 3339, as its examples have it.
std::string date_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

const char* type_of(TlsPolicy::Kind kind) {
  switch (kind) {
    case TlsPolicy::Kind::None: return "no-policy-found";
    case TlsPolicy::Kind::Sts: return "sts";
    case TlsPolicy::Kind::Tlsa: return "tlsa";
  }
  return "";
}

ordered_json describe(const TlsPolicy& policy) {
  ordered_json described = {{"policy-type", type_of(policy.kind)}};
  if (!policy.strings.empty()) described["policy-string"] = policy.strings;
  described["policy-domain"] = policy.domain;
  if (!policy.mx.empty()) described["mx-host"] = policy.mx;
  return described;
}

ordered_json describe(const Count& count) {
  const auto& session = count.session;
  ordered_json described = {{"result-type", session.result}};
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) described[key] = value;
  };
  add("sending-mta-ip", session.our_address);
  add("receiving-mx-hostname", session.mx);
  add("receiving-ip", session.address);
  described["failed-session-count"] = count.sessions;
  add("failure-reason-code", session.reason);
  return described;
}

// The sessions of one policy, which stand together.
ordered_json summarise(const std::vector<Count>& all, std::size_t& next) {
  const auto policy = all[next].session.policy;
  std::uint64_t good = 0, bad = 0;
  ordered_json failures = ordered_json::array();
  for (; next < all.size() && all[next].session.policy == policy; ++next) {
    const auto& count = all[next];
    (count.session.result.empty() ? good : bad) += count.sessions;
    if (!count.session.result.empty()) failures.push_back(describe(count));
  }
  ordered_json described = {
      {"policy", describe(*policy)},
      {"summary",
       {{"total-successful-session-count", good}, {"total-failure-session-count", bad}}}};
  if (!failures.empty()) described["failure-details"] = std::move(failures);
  return described;
}

}  // namespace

std::string TlsReport::json() const {
  ordered_json policies = ordered_json::array();
  for (std::size_t next = 0; next < sessions.size();) policies.push_back(summarise(sessions, next));
  const ordered_json report = {
      {"organization-name", organization},
      {"date-range", {{"start-datetime", date_time(begin)}, {"end-datetime", date_time(end)}}},
      {"contact-info", contact},
      {"report-id", id},
      {"policies", std::move(policies)}};
  return report.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string TlsReport::file_name() const {
  return organization + "!" + domain + "!" + std::to_string(begin) + "!" + std::to_string(end) +
         ".json.gz";
}

std::string TlsReport::mail(const std::string& to, std::string_view packed,
                            std::int64_t now) const {
  const std::string boundary = "=_" + id;
  const std::string period = date_time(begin) + " to " + date_time(end);
  std::string text = "From: <" + contact + ">\r\nTo: <" + to + ">\r\n";
  text += "Date: " + mail::print_date(now) + "\r\n";
  text += "Message-ID: <" + id + "@" + organization + ">\r\n";
  text += "Subject: Report Domain: " + domain + "\r\n Submitter: " + organization +
          "\r\n Report-ID: <" + id + "@" + organization + ">\r\n";
  text += "TLS-Report-Domain: " + domain + "\r\nTLS-Report-Submitter: " + organization + "\r\n";
  text += "TLS-Required: No\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  text += "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"" + boundary +
          "\"\r\n\r\n";
  text += "--" + boundary + "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
  text += "This is a report of how TLS went with the mail servers of\r\n" + domain + "\r\nfrom " +
          period + ".\r\nIt is about connections from " + organization + ".\r\nQuestions go to " +
          contact + ".\r\n\r\n";
  text += "--" + boundary + "\r\nContent-Type: application/tlsrpt+gzip\r\n";
  text += "Content-Transfer-Encoding: base64\r\n";
  text += "Content-Disposition: attachment;\r\n filename=\"" + file_name() + "\"\r\n\r\n";
  text += in_lines(base64(packed)) + "--" + boundary + "--\r\n";
  return text;
}

std::string gzip(std::string_view text) {
  constexpr int kGzip = 15 + 16;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw std::bad_alloc();
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string in_lines(const std::string& text) {
  constexpr std::size_t kLine = 76;
  std::string lines;
  for (std::size_t at = 0; at < text.size(); at += kLine) lines += text.substr(at, kLine) + "\r\n";
  return lines;
}

}  // namespace waxwing
