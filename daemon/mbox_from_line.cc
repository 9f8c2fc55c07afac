// The date at the end of a From line, in all the ways that programs have written it.
#include <algorithm>
#include <span>

#include "base/text.h"
#include "daemon/mbox_file.h"
#include "protocols/mail/date.h"

namespace waxwing {
namespace {

using Words = std::vector<std::string_view>;

constexpr std::string_view kDays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// A sender may have blanks in quotes, a date has no more words than this.
constexpr std::size_t kMaxDate = 8;

bool is_one_of(std::string_view word, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](auto name) { return equals_ignoring_case(word, name); });
}

bool is_year(std::string_view word) {
  return word.size() == 4 && parse_number(word).has_value();
}
bool is_day(std::string_view word) {
  return word.size() <= 2 && parse_number(word, 31).has_value();
}

bool is_time(std::string_view word) {
  const auto parts = split(word, ':');
  return (parts.size() == 2 || parts.size() == 3) && std::ranges::all_of(parts, [](auto part) {
           return part.size() <= 2 && parse_number(part, 60).has_value();
         });
}

// "+0100", "EST", "(CET)"
bool is_zone(std::string_view word) {
  if (word.starts_with('(') && word.ends_with(')')) return true;
  if (word.starts_with('+') || word.starts_with('-')) {
    return word.size() == 5 && parse_number(word.substr(1)).has_value();
  }
  return !word.empty() && word.size() <= 5 &&
         std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::optional<std::int64_t> unix_date(std::string_view day, std::string_view month,
                                      std::string_view year, std::string_view time,
                                      std::string_view zone) {
  std::string text;
  for (const auto word : {day, month, year, time, zone}) text += std::string(word) + " ";
  const auto date = mail::parse_date(text);
  if (!date) return std::nullopt;
  return date->unix_seconds;
}

// "Thu Nov 26 10:00:00 2026", "Mon Jan 02 10:00 EST 2023", "... 2023 +0100"
std::optional<std::int64_t> asctime_date(std::span<const std::string_view> words) {
  if (words.size() < 5 || !is_one_of(words[0], kDays) || !is_one_of(words[1], kMonths) ||
      !is_day(words[2]) || !is_time(words[3])) {
    return std::nullopt;
  }
  std::string_view year, zone;
  for (const auto word : words.subspan(4)) {
    if (is_year(word) && year.empty()) {
      year = word;
    } else if (!is_zone(word)) {
      return std::nullopt;
    } else if (zone.empty()) {
      zone = word;
    }
  }
  if (year.empty()) return std::nullopt;
  return unix_date(words[2], words[1], year, words[3], zone);
}

// "Mon, 2 Jan 2023 10:00:00 +0000"
std::optional<std::int64_t> field_date(std::span<const std::string_view> words) {
  if (!words.empty() && words[0].ends_with(',')) {
    if (!is_one_of(words[0].substr(0, words[0].size() - 1), kDays)) return std::nullopt;
    words = words.subspan(1);
  }
  if (words.size() < 4 || !is_day(words[0]) || !is_one_of(words[1], kMonths) ||
      !is_year(words[2]) || !is_time(words[3]) || !std::ranges::all_of(words.subspan(4), is_zone)) {
    return std::nullopt;
  }
  return unix_date(words[0], words[1], words[2], words[3],
                   words.size() > 4 ? words[4] : std::string_view());
}

}  // namespace

std::optional<std::int64_t> date_of_from_line(std::string_view line) {
  if (!line.starts_with("From ")) return std::nullopt;
  // What UUCP put behind it.
  if (const auto remote = line.rfind(" remote from "); remote != line.npos) {
    line = line.substr(0, remote);
  }
  const Words all = words(line.substr(5));
  const std::size_t first = all.size() > kMaxDate ? all.size() - kMaxDate : 0;
  for (std::size_t n = first; n < all.size(); ++n) {
    const auto rest = std::span(all).subspan(n);
    if (const auto date = asctime_date(rest)) return date;
    if (const auto date = field_date(rest)) return date;
  }
  return std::nullopt;
}

}  // namespace waxwing
