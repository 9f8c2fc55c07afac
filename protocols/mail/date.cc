#include "protocols/mail/date.h"

#include <array>
#include <chrono>
#include <cstdio>

#include "base/text.h"
#include "protocols/mail/lexer.h"

namespace waxwing::mail {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct NamedZone {
  std::string_view name;
  int hours;
};
constexpr NamedZone kZones[] = {{"UT", 0},   {"UTC", 0},  {"GMT", 0},  {"EST", -5},
                                {"EDT", -4}, {"CST", -6}, {"CDT", -5}, {"MST", -7},
                                {"MDT", -6}, {"PST", -8}, {"PDT", -7}};

// What the words of a date have told so far.
struct Parts {
  int day = 0, month = 0, year = -1;
  int hour = -1, minute = 0, second = 0;
  std::optional<int> zone_minutes;
};

bool read_time(std::string_view word, Parts& parts) {
  const auto pieces = split(word, ':');
  if (pieces.size() < 2 || pieces.size() > 3 || parts.hour >= 0) return false;
  const auto hour = parse_number(pieces[0], 23);
  const auto minute = parse_number(pieces[1], 59);
  // Some write fractions of a second.
  const auto second = pieces.size() == 3
                          ? parse_number(pieces[2].substr(0, pieces[2].find('.')), 60)
                          : std::optional<std::uint64_t>(0);
  if (!hour || !minute || !second) return false;
  parts.hour = static_cast<int>(*hour);
  parts.minute = static_cast<int>(*minute);
  parts.second = static_cast<int>(*second);
  return true;
}

bool read_numeric_zone(std::string_view word, Parts& parts) {
  std::string digits;
  for (const char c : word.substr(1)) {
    if (c != ':') digits += c;
  }
  const auto value = parse_number(digits, 9999);
  if (!value || digits.size() != 4 || *value % 100 > 59) return false;
  const int minutes = static_cast<int>(*value / 100 * 60 + *value % 100);
  parts.zone_minutes = word[0] == '-' ? -minutes : minutes;
  return true;
}

void read_name(std::string_view word, Parts& parts) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (parts.month == 0 && starts_with_ignoring_case(word, kMonths[i])) {
      parts.month = static_cast<int>(i) + 1;
      return;
    }
  }
  if (parts.zone_minutes) return;
  for (const NamedZone& zone : kZones) {
    if (equals_ignoring_case(word, zone.name)) parts.zone_minutes = zone.hours * 60;
  }
  // Military letters and names nobody knows count as "-0000".  RFC 5322 section 4.3
}

bool read_number(std::string_view word, Parts& parts) {
  const auto number = parse_number(word, 9999);
  if (!number) return false;
  const int value = static_cast<int>(*number);
  if (parts.day == 0 && word.size() <= 2) {
    parts.day = value;
  } else if (parts.year < 0) {
    parts.year = value;
    if (word.size() <= 2) parts.year += value < 50 ? 2000 : 1900;
    if (word.size() == 3) parts.year += 1900;
  } else {
    return false;
  }
  return true;
}

bool read_word(std::string_view word, Parts& parts) {
  const bool signed_word = word.size() > 1 && (word[0] == '+' || word[0] == '-');
  if (signed_word && parts.hour >= 0) return read_numeric_zone(word, parts);
  if (word.find(':') != std::string_view::npos) {
    // "10:00:00+0200", without the space.
    const std::size_t sign = word.find_first_of("+-");
    if (!read_time(word.substr(0, sign), parts)) return false;
    return sign == std::string_view::npos || read_numeric_zone(word.substr(sign), parts);
  }
  if (is_alpha(word[0])) {
    read_name(word, parts);
    return true;
  }
  // "22-Nov-2026"
  if (const std::size_t dash = word.find('-'); dash != std::string_view::npos && dash > 0) {
    for (const std::string_view piece : split(word, '-')) {
      if (piece.empty() ||
          !(is_alpha(piece[0]) ? (read_name(piece, parts), true) : read_number(piece, parts))) {
        return false;
      }
    }
    return true;
  }
  return read_number(word, parts);
}

enum class Broken { Refuse, PassOver };

std::optional<Date> parse(std::string_view value, Broken broken) {
  Parts parts;
  Lexer lexer(value.substr(0, 256));
  for (;;) {
    lexer.skip();
    if (lexer.at_end()) break;
    const std::string_view word = lexer.until("(,");
    if (word.empty()) {
      lexer.advance();
    } else if (!read_word(word, parts) && broken == Broken::Refuse) {
      return std::nullopt;
    }
  }
  if (parts.year < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(parts.year),
                                         std::chrono::month(static_cast<unsigned>(parts.month)),
                                         std::chrono::day(static_cast<unsigned>(parts.day))};
  if (!date.ok()) return std::nullopt;
  Date result;
  result.zone_minutes = parts.zone_minutes.value_or(0);
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int hour = parts.hour < 0 ? 0 : parts.hour;
  result.unix_seconds =
      days * 86400 + hour * 3600 + parts.minute * 60 + parts.second - result.zone_minutes * 60;
  return result;
}

}  // namespace

std::int64_t Date::local_day() const {
  const std::int64_t local = unix_seconds + zone_minutes * 60;
  return local >= 0 ? local / 86400 : -((86399 - local) / 86400);
}

std::optional<Date> parse_date(std::string_view value) {
  return parse(value, Broken::Refuse);
}

std::optional<Date> parse_broken_date(std::string_view value) {
  return parse(value, Broken::PassOver);
}

std::string print_date(std::int64_t unix_seconds, int zone_minutes) {
  const Date date{unix_seconds, zone_minutes};
  const std::chrono::sys_days day{std::chrono::days(date.local_day())};
  const std::chrono::year_month_day civil(day);
  const auto second = static_cast<int>(unix_seconds + zone_minutes * 60 - date.local_day() * 86400);
  const int zone = zone_minutes < 0 ? -zone_minutes : zone_minutes;
  char text[64];
  std::snprintf(text, sizeof text, "%s, %u %s %04d %02d:%02d:%02d %c%02d%02d",
                kDays[std::chrono::weekday(day).c_encoding()].data(), unsigned(civil.day()),
                kMonths[unsigned(civil.month()) - 1].data(), int(civil.year()), second / 3600,
                second / 60 % 60, second % 60, zone_minutes < 0 ? '-' : '+', zone / 60 % 100,
                zone % 60);
  return text;
}

}  // namespace waxwing::mail
