#include "protocols/imap/url_auth.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kMaxAuthorizedUrl = 8 * 1024;
// Before the digits of an HMAC-SHA-256. Another algorithm gets another number, so that what is
// signed with this one can be told apart.  RFC 4467 section 2.4.1
constexpr std::string_view kAlgorithm = "01";

std::size_t rfind_ignoring_case(std::string_view text, std::string_view word) {
  const auto* const found =
      std::find_end(text.begin(), text.end(), word.begin(), word.end(),
                    [](char one, char other) { return to_upper(one) == to_upper(other); });
  return found == text.end() ? std::string_view::npos
                             : static_cast<std::size_t>(found - text.begin());
}

// Cuts ";WORD=value" off the end, if it is there.
std::optional<std::string_view> take_last_parameter(std::string_view& text, std::string_view word) {
  const auto at = rfind_ignoring_case(text, word);
  if (at == std::string_view::npos) return std::nullopt;
  const auto value = text.substr(at + word.size());
  text = text.substr(0, at);
  return value;
}

std::optional<std::string> decode_user(std::string_view text) {
  if (text.find_first_of("/@;:?#") != std::string_view::npos) return std::nullopt;
  auto user = from_percent(text);
  if (!user || user->empty()) return std::nullopt;
  return user;
}

bool read_access(std::string_view text, AuthorizedUrl& url) {
  using Access = AuthorizedUrl::Access;
  if (equals_ignoring_case(text, "anonymous")) {
    url.access = Access::Anonymous;
    return true;
  }
  if (equals_ignoring_case(text, "authuser")) {
    url.access = Access::AuthUser;
    return true;
  }
  for (const auto& [prefix, access] : {std::pair{std::string_view("submit+"), Access::Submit},
                                       std::pair{std::string_view("user+"), Access::User}}) {
    if (!starts_with_ignoring_case(text, prefix)) continue;
    auto user = decode_user(text.substr(prefix.size()));
    if (!user) return false;
    url.access = access;
    url.user = std::move(*user);
    return true;
  }
  return false;
}

// "<access>" or "<access>:<mech>:<token>".
bool read_authority(std::string_view text, AuthorizedUrl& url) {
  const auto colon = text.find(':');
  if (!read_access(text.substr(0, colon), url)) return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view rest = text.substr(colon + 1);
  const auto second = rest.find(':');
  if (second == std::string_view::npos) return false;
  url.mechanism = to_upper(rest.substr(0, second));
  url.token = rest.substr(second + 1);
  return !url.mechanism.empty() && !url.token.empty();
}

// "alice%40example.test;AUTH=*@mail.example.test:143". Of the server there is only this one, under
// whatever name and port it is reached.
bool read_server(std::string_view text, AuthorizedUrl& url) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return false;
  std::string_view user = text.substr(0, at);
  const std::string_view host = text.substr(at + 1);
  if (host.empty() || host.find('@') != std::string_view::npos) return false;
  (void)take_last_parameter(user, ";AUTH=");
  auto owner = decode_user(user);
  if (!owner) return false;
  url.owner = std::move(*owner);
  return true;
}

// So many digits, as a number within bounds.
std::optional<int> take_digits(std::string_view& text, std::size_t count, int least, int most) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, count)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  if (value < least || value > most) return std::nullopt;
  return value;
}

bool take(std::string_view& text, std::string_view choices) {
  if (text.empty() || choices.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// "Z", "+01:00": seconds to the east.
std::optional<int> parse_zone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  const bool is_west = text.starts_with('-');
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2, 0, 23);
  if (!hours || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2, 0, 59);
  if (!minutes || !text.empty()) return std::nullopt;
  const int seconds = (*hours * 60 + *minutes) * 60;
  return is_west ? -seconds : seconds;
}

}  // namespace

std::optional<AuthorizedUrl> parse_authorized_url(std::string_view text) {
  constexpr std::string_view kScheme = "imap://";
  const bool is_printable = std::ranges::all_of(
      text, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (text.size() > kMaxAuthorizedUrl || !is_printable ||
      !starts_with_ignoring_case(text, kScheme)) {
    return std::nullopt;
  }
  AuthorizedUrl url;
  std::string_view rest = text;
  const auto authority = take_last_parameter(rest, ";URLAUTH=");
  if (!authority || !read_authority(*authority, url)) return std::nullopt;
  url.rump = text;
  if (!url.mechanism.empty()) {
    url.rump.resize(text.size() - url.mechanism.size() - url.token.size() - 2);
  }
  if (const auto expires = take_last_parameter(rest, ";EXPIRE=")) {
    if (!(url.expires = parse_rfc3339(*expires))) return std::nullopt;
  }
  rest.remove_prefix(kScheme.size());
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || !read_server(rest.substr(0, slash), url)) {
    return std::nullopt;
  }
  url.path = rest.substr(slash);
  return url;
}

std::string url_token(std::string_view key, std::string_view rump) {
  return std::string(kAlgorithm) + hex(hmac_sha256(key, rump));
}

bool is_url_token(std::string_view token, std::string_view key, std::string_view rump) {
  return equal_in_constant_time(to_lower(token), url_token(key, rump));
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  const auto year = take_digits(text, 4, 1, 9999);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2, 1, 12);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2, 1, 31);
  if (!day || !take(text, "Tt")) return std::nullopt;
  const auto hour = take_digits(text, 2, 0, 23);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2, 0, 59);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2, 0, 60);  // a leap second
  if (!second) return std::nullopt;
  if (take(text, ".")) {
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  }
  const auto zone = parse_zone(text);
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!zone || !date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + *hour) * 60 + *minute) * 60 + *second - *zone;
}

}  // namespace waxwing::imap
