#include "auth/names.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "protocols/mail/address.h"

namespace waxwing {
namespace {

constexpr std::string_view kScheme = "imap://";
constexpr std::size_t kMaxUrl = 500;
constexpr std::size_t kMaxLabel = 63;

// 1*achar: characters of a user name, others as %XX.  RFC 5092 section 11
bool is_url_text(std::string_view text) {
  constexpr std::string_view kOthers = "-._~!$'()*+,&=";
  const auto is_hex = [&](std::size_t at) {
    return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (!is_hex(i + 1) || !is_hex(i + 2)) return false;
      i += 2;
    } else if (!is_alnum(text[i]) && kOthers.find(text[i]) == kOthers.npos) {
      return false;
    }
  }
  return !text.empty();
}

// "alice", "alice;AUTH=PLAIN", ";AUTH=*"
bool is_url_user(std::string_view user) {
  constexpr std::string_view kAuth = ";AUTH=";
  const auto semicolon = user.find(';');
  if (semicolon == user.npos) return is_url_text(user);
  const std::string_view auth = user.substr(semicolon);
  return (semicolon == 0 || is_url_text(user.substr(0, semicolon))) &&
         starts_with_ignoring_case(auth, kAuth) && is_url_text(auth.substr(kAuth.size()));
}

// A name or an IPv4 address. An IPv6 one has a "]", which no response code can hold.
bool is_host(std::string_view host) {
  return std::ranges::all_of(split(host, '.'), [](std::string_view label) {
    return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
           label.back() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
  });
}

}  // namespace

Result<std::string> canonical_address(std::string_view address) {
  const auto parsed = mail::parse_address(address);
  auto canonical = parsed ? mail::canonical(*parsed) : std::nullopt;
  if (!canonical) return fail(Error::Code::Invalid, printable(address) + " is not an address");
  return std::move(*canonical);
}

Result<std::string> canonical_domain_name(std::string_view domain) {
  auto canonical = mail::canonical_domain(domain);
  // An address literal names a machine, not a domain.
  if (!canonical || canonical->starts_with('[')) {
    return fail(Error::Code::Invalid, printable(domain) + " is not a domain");
  }
  return std::move(*canonical);
}

Result<std::string> canonical_alias(std::string_view address) {
  if (!address.starts_with('@')) return canonical_address(address);
  auto domain = canonical_domain_name(address.substr(1));
  if (!domain) return domain;
  return "@" + *domain;
}

Result<std::string> canonical_referral(std::string_view url) {
  const auto wrong =
      fail(Error::Code::Invalid, printable(url) +
                                     " is not the URL of an IMAP server and who signs in "
                                     "there: imap://USER@HOST/ or imap://;AUTH=*@HOST/");
  if (url.size() > kMaxUrl || !starts_with_ignoring_case(url, kScheme)) return wrong;
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto at = rest.find('@');
  if (at == rest.npos) return wrong;
  const std::string_view user = rest.substr(0, at);
  const std::string_view server = rest.substr(at + 1);
  const auto colon = server.find(':');
  if (!is_url_user(user) || !is_host(server.substr(0, colon))) return wrong;
  if (colon != server.npos && parse_number(server.substr(colon + 1), 65535).value_or(0) == 0) {
    return wrong;
  }
  return std::string(kScheme).append(user).append("@").append(to_lower(server)).append("/");
}

std::string domain_of(std::string_view canonical) {
  return std::string(canonical.substr(canonical.rfind('@') + 1));
}

}  // namespace waxwing
