#include "config/words.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace waxwing {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kKibi = 1024;
constexpr std::array kSizes = {
    Unit{"", 1},
    Unit{"b", 1},
    Unit{"k", kKibi},
    Unit{"kib", kKibi},
    Unit{"kb", 1000},
    Unit{"m", kKibi* kKibi},
    Unit{"mib", kKibi* kKibi},
    Unit{"mb", 1'000'000},
    Unit{"g", kKibi* kKibi* kKibi},
    Unit{"gib", kKibi* kKibi* kKibi},
    Unit{"gb", 1'000'000'000},
    Unit{"t", kKibi* kKibi* kKibi* kKibi},
    Unit{"tib", kKibi* kKibi* kKibi* kKibi},
    Unit{"tb", 1'000'000'000'000},
};
constexpr std::array kDurations = {Unit{"", 1}, Unit{"s", 1}, Unit{"m", 60}, Unit{"h", 3600},
                                   Unit{"d", 86400}};

template <std::size_t N>
std::optional<std::uint64_t> measure(std::string_view text, const std::array<Unit, N>& units) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = parse_number(text.substr(0, digits));
  const auto name = trim(text.substr(digits));
  for (const auto& unit : units) {
    if (!equals_ignoring_case(unit.name, name)) continue;
    if (!count || *count > INT64_MAX / unit.factor) return std::nullopt;
    return *count * unit.factor;
  }
  return std::nullopt;
}

// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t k = 0; k <= b.size(); ++k) d[0][k] = k;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const std::size_t change = a[i - 1] == b[k - 1] ? 0 : 1;
      d[i][k] = std::min({d[i - 1][k] + 1, d[i][k - 1] + 1, d[i - 1][k - 1] + change});
      if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) {
        d[i][k] = std::min(d[i][k], d[i - 2][k - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return measure(text, kSizes);
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto seconds = measure(text, kDurations);
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(*seconds));
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongest = 64;  // longer than any key, and distance() is quadratic
  const auto lower = to_lower(word.substr(0, kLongest));
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, lower.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    auto steps = distance(lower, candidate);
    // "port" for "port_offset", "cert" for "certificate": a beginning is nearer than it looks.
    if (lower.size() >= 3 && candidate.starts_with(lower)) steps = std::min<std::size_t>(steps, 2);
    if (steps < best_distance) {
      best = candidate;
      best_distance = steps;
    }
  }
  return best;
}

}  // namespace waxwing
