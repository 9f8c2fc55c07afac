#include "auth/spf.h"

#include <optional>
#include <utility>

#include "auth/spf_evaluation.h"
#include "base/text.h"
#include "protocols/mail/address.h"

namespace waxwing::spf {
namespace {

constexpr std::string_view kPostmaster = "postmaster";

// The domain as the DNS knows it, without a last dot; nothing for a name that cannot publish
// anything: malformed, one label, an address.  RFC 7208 section 4.3
std::optional<std::string> askable(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (domain.find('.') == std::string_view::npos || domain.starts_with('[')) return std::nullopt;
  if (IpAddress::parse(domain)) return std::nullopt;
  if (!is_ascii(domain)) {
    auto canonical = mail::canonical_domain(domain);
    if (!canonical || !is_dns_name(*canonical)) return std::nullopt;
    return canonical;
  }
  if (!is_dns_name(domain)) return std::nullopt;
  return std::string(domain);
}

Evaluation::Sender parts_of(std::string_view sender) {
  const auto at = sender.rfind('@');
  const std::string_view local = sender.substr(0, at == std::string_view::npos ? 0 : at);
  const std::string_view domain = at == std::string_view::npos ? sender : sender.substr(at + 1);
  return {std::string(local.empty() ? kPostmaster : local),
          askable(domain).value_or(std::string(domain))};
}

}  // namespace

Verdict check_host(dns::Resolver& resolver, const Clock& clock, const Client& client,
                   std::string_view domain, std::string_view sender, const Limits& limits) {
  const auto name = askable(domain);
  if (!name) {
    Verdict verdict;
    verdict.domain = domain;
    verdict.reason = "\"" + printable(domain) + "\" is not the name of a domain that could publish";
    return verdict;
  }
  return Evaluation(resolver, clock, client, parts_of(sender), limits).run(*name);
}

Verdict check_mail_from(dns::Resolver& resolver, const Clock& clock, const Client& client,
                        std::string_view sender, const Limits& limits) {
  const std::string used =
      sender.empty() ? std::string(kPostmaster) + "@" + client.helo : std::string(sender);
  const auto at = used.rfind('@');
  const std::string domain = at == std::string::npos ? "" : used.substr(at + 1);
  return check_host(resolver, clock, client, domain, used, limits);
}

Verdict check_helo(dns::Resolver& resolver, const Clock& clock, const Client& client,
                   const Limits& limits) {
  Verdict verdict = check_host(resolver, clock, client, client.helo,
                               std::string(kPostmaster) + "@" + client.helo, limits);
  verdict.identity = Identity::Helo;
  return verdict;
}

}  // namespace waxwing::spf
