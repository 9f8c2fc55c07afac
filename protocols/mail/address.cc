#include "protocols/mail/address.h"

#include <idn2.h>

#include <algorithm>

#include "base/ip.h"
#include "base/text.h"
#include "protocols/mail/charset.h"

namespace waxwing::mail {
namespace {

// RFC 5321 section 4.5.3.1; the local part may be longer here, because bounce addresses are.
constexpr std::size_t kMaxLocal = 256;
constexpr std::size_t kMaxDomain = 255;
constexpr std::size_t kMaxLabel = 63;

bool is_8bit(char c) {
  return static_cast<unsigned char>(c) >= 128;
}

bool is_control(char c) {
  return !is_8bit(c) && (c < ' ' || c == 127);
}

bool is_atext(char c) {
  return is_alnum(c) || is_8bit(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos);
}

bool is_dot_atom(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  return text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c == '.' || is_atext(c); });
}

// At the opening quote: the content unescaped; `text` then starts behind the closing quote.
std::optional<std::string> take_quoted_string(std::string_view& text) {
  std::string content;
  for (std::size_t i = 1; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      text.remove_prefix(i + 1);
      return content;
    }
    if (c == '\\' && ++i < text.size()) c = text[i];
    if (i >= text.size() || is_control(c)) return std::nullopt;
    content += c;
  }
  return std::nullopt;
}

// RFC 5321 section 4.1.2: let-dig [ldh-str]. The underscore is in no standard, but in domains that
// send mail.
bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alnum(c) || is_8bit(c) || c == '-' || c == '_'; });
}

bool is_domain(std::string_view domain) {
  if (domain.empty() || domain.size() > kMaxDomain) return false;
  const auto labels = split(domain, '.');
  return std::all_of(labels.begin(), labels.end(), is_label);
}

// "[192.0.2.1]" or "[IPv6:2001:db8::1]" in its one spelling.  RFC 5321 section 4.1.3
std::optional<std::string> parse_literal(std::string_view text) {
  if (text.size() < 3 || text.front() != '[' || text.back() != ']') return std::nullopt;
  std::string_view inner = text.substr(1, text.size() - 2);
  const bool v6 = starts_with_ignoring_case(inner, "IPv6:");
  if (v6) inner.remove_prefix(5);
  const bool has_colon = inner.find(':') != std::string_view::npos;
  const auto ip = IpAddress::parse(inner);
  if (!ip || has_colon != v6) return std::nullopt;
  return ip->to_literal();
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  Address address;
  if (text.starts_with('"')) {
    auto local = take_quoted_string(text);
    if (!local || !text.starts_with('@')) return std::nullopt;
    address.local = *std::move(local);
    text.remove_prefix(1);
  } else {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || !is_dot_atom(text.substr(0, at))) return std::nullopt;
    address.local = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  if (address.local.size() > kMaxLocal || !is_utf8(address.local)) return std::nullopt;

  if (text.starts_with('[')) {
    auto literal = parse_literal(text);
    if (!literal) return std::nullopt;
    address.domain = *std::move(literal);
    return address;
  }
  if (!is_domain(text)) return std::nullopt;
  auto domain = to_lower_utf8(text);
  if (!domain) return std::nullopt;
  address.domain = *std::move(domain);
  return address;
}

std::string Address::to_string() const {
  if (is_dot_atom(local)) return local + "@" + domain;
  std::string text = "\"";
  for (const char c : local) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"@" + domain;
}

bool Address::is_ascii() const {
  return waxwing::is_ascii(local) && waxwing::is_ascii(domain);
}

std::optional<std::string> canonical_domain(std::string_view domain) {
  if (domain.starts_with('[')) return parse_literal(domain);
  if (!is_domain(domain)) return std::nullopt;
  std::string lower = to_lower(domain);
  const bool plain = is_ascii(lower) && lower.find("xn--") == std::string::npos;
  if (plain) return lower;

  const auto composed = to_folded_nfc(domain);
  if (!composed) return std::nullopt;
  std::uint8_t* labels = nullptr;
  const int status = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(composed->c_str()),
                                    &labels, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (status != IDN2_OK) return std::nullopt;
  std::string ascii = to_lower(reinterpret_cast<const char*>(labels));
  idn2_free(labels);
  if (!is_domain(ascii)) return std::nullopt;
  return ascii;
}

std::optional<std::string> canonical(const Address& address) {
  const auto domain = canonical_domain(address.domain);
  auto local = to_folded_nfc(address.local);
  if (!domain || !local) return std::nullopt;
  return Address{*std::move(local), *domain}.to_string();
}

}  // namespace waxwing::mail
