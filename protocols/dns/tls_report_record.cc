#include "protocols/dns/tls_report_record.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"
#include "protocols/dns/versioned_text.h"

namespace waxwing::dns {
namespace {

constexpr std::size_t kMostTargets = 5;
constexpr std::size_t kLongestUri = 2000;

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  const auto labels = split(host, '.');
  return std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
  });
}

std::optional<TlsReportTarget> mail_target(std::string_view text) {
  const auto address = from_percent(text.substr(0, text.find('?')));
  if (!address) return std::nullopt;
  const auto at = address->rfind('@');
  const bool is_address = at != std::string::npos && at > 0 && is_visible(*address) &&
                          address->find_first_of("<>\",;:\\()[]") == std::string::npos &&
                          address->find('@') == at && is_host(address->substr(at + 1));
  if (!is_address) return std::nullopt;
  TlsReportTarget target;
  target.mail = *address;
  return target;
}

std::optional<TlsReportTarget> web_target(std::string_view text) {
  text = text.substr(0, text.find('#'));
  const auto end = std::min(text.find_first_of("/?"), text.size());
  const auto authority = text.substr(0, end);
  const auto colon = authority.find(':');
  const auto host = authority.substr(0, colon);
  if (!is_host(host)) return std::nullopt;
  TlsReportTarget target;
  target.host = to_lower(host);
  if (colon != std::string_view::npos) {
    const auto port = parse_number(authority.substr(colon + 1), 65535);
    if (!port || *port == 0) return std::nullopt;
    target.port = static_cast<std::uint16_t>(*port);
  }
  target.path = text.substr(end);
  if (!target.path.starts_with('/')) target.path.insert(0, "/");
  return target;
}

std::vector<TlsReportTarget> targets_in(std::string_view fields) {
  for (const auto each : split(fields, ';')) {
    const auto field = trim(each);
    if (!field.starts_with("rua=")) continue;
    std::vector<TlsReportTarget> targets;
    for (const auto uri : split(field.substr(4), ',')) {
      auto target = tls_report_target(trim(uri));
      if (target && targets.size() < kMostTargets) targets.push_back(std::move(*target));
    }
    return targets;
  }
  return {};
}

}  // namespace

std::optional<TlsReportTarget> tls_report_target(std::string_view uri) {
  constexpr std::string_view kMail = "mailto:", kWeb = "https://";
  if (uri.size() > kLongestUri || !is_visible(uri)) return std::nullopt;
  if (starts_with_ignoring_case(uri, kMail)) return mail_target(uri.substr(kMail.size()));
  if (starts_with_ignoring_case(uri, kWeb)) return web_target(uri.substr(kWeb.size()));
  return std::nullopt;
}

std::vector<TlsReportTarget> tls_report_targets(const std::vector<std::string>& records) {
  std::optional<std::string_view> fields;
  for (const auto& record : records) {
    const auto behind = behind_version(record, "v=TLSRPTv1");
    if (!behind) continue;
    if (fields) return {};
    fields = behind;
  }
  return fields ? targets_in(*fields) : std::vector<TlsReportTarget>();
}

}  // namespace waxwing::dns
