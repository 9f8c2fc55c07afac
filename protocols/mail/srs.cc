#include "protocols/mail/srs.h"

#include "base/crypto.h"
#include "base/text.h"

namespace waxwing::mail {
namespace {

// Case may be lost on the way, and so are letters that look alike.
constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::int64_t kDay = 86400, kCycle = 1024;
constexpr std::size_t kProof = 6;

std::string day_code(std::int64_t now) {
  const auto day = static_cast<std::size_t>(now / kDay % kCycle);
  return {kDigits[day >> 5], kDigits[day & 31]};
}

std::optional<std::int64_t> age_in_days(std::string_view code, std::int64_t now) {
  if (code.size() != 2) return std::nullopt;
  const auto high = kDigits.find(to_lower(code[0])), low = kDigits.find(to_lower(code[1]));
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  const auto day = static_cast<std::int64_t>(high * 32 + low);
  return (now / kDay % kCycle - day + kCycle) % kCycle;
}

bool is(std::string_view local, std::string_view scheme) {
  // Other separators than "=" are as old as the scheme.
  return local.size() > 5 && starts_with_ignoring_case(local, scheme) &&
         (local[4] == '=' || local[4] == '+' || local[4] == '-');
}

}  // namespace

std::string Srs::proof(std::string_view text, std::size_t length) const {
  const std::string digest = hmac_sha256(key_, to_lower(text));
  std::string letters;
  for (std::size_t i = 0; i < length; ++i)
    letters += kDigits[static_cast<unsigned char>(digest[i]) & 31];
  return letters;
}

std::string Srs::rewrite(std::string_view sender, std::string_view domain, std::int64_t now) const {
  const auto at = sender.rfind('@');
  // A quoted local part would have to be quoted once more; nobody has one.
  if (at == std::string_view::npos || sender.starts_with('"')) return std::string(sender);
  const auto local = sender.substr(0, at);
  const std::string host(sender.substr(at + 1));
  if (host.starts_with('[')) return std::string(sender);
  const std::string own = "@" + std::string(domain);
  if (is(local, "SRS0")) {
    const std::string rest = host + "=" + std::string(local.substr(4));
    return "SRS1=" + proof(rest, kProof) + "=" + rest + own;
  }
  if (is(local, "SRS1")) {
    // What the forwarder before us proved, we prove anew.
    const auto rest = local.substr(std::min(local.size(), local.find('=', 5) + 1));
    return "SRS1=" + proof(rest, kProof) + "=" + std::string(rest) + own;
  }
  const std::string rest = day_code(now) + "=" + host + "=" + std::string(local);
  return "SRS0=" + proof(rest, kProof) + "=" + rest + own;
}

bool Srs::is_rewritten(std::string_view local) {
  return is(local, "SRS0") || is(local, "SRS1");
}

std::optional<std::string> Srs::reverse(std::string_view local, std::int64_t now) const {
  if (!is_rewritten(local)) return std::nullopt;
  const bool is_first = is(local, "SRS0");
  const auto end = local.find('=', 5);
  if (end == std::string_view::npos) return std::nullopt;
  const auto given = local.substr(5, end - 5);
  const auto rest = local.substr(end + 1);
  if (!equal_in_constant_time(to_lower(given), proof(rest, kProof))) return std::nullopt;
  return is_first ? reverse_first(rest, now) : reverse_second(rest);
}

// TT=domain=local
std::optional<std::string> Srs::reverse_first(std::string_view rest, std::int64_t now) const {
  const auto first = rest.find('=');
  const auto second = first == std::string_view::npos ? first : rest.find('=', first + 1);
  if (second == std::string_view::npos || second + 1 == rest.size()) return std::nullopt;
  const auto age = age_in_days(rest.substr(0, first), now);
  // One made a moment ago, where clocks differ by one.
  if (!age || (*age > kDays && *age != kCycle - 1)) return std::nullopt;
  return std::string(rest.substr(second + 1)) + "@" +
         std::string(rest.substr(first + 1, second - first - 1));
}

// first.example=<what stood behind SRS0>
std::optional<std::string> Srs::reverse_second(std::string_view rest) const {
  const auto end = rest.find('=');
  if (end == std::string_view::npos || end == 0 || end + 2 >= rest.size()) return std::nullopt;
  return "SRS0" + std::string(rest.substr(end + 1)) + "@" + std::string(rest.substr(0, end));
}

}  // namespace waxwing::mail
