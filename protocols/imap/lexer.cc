#include "protocols/imap/lexer.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"

namespace waxwing::imap {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<std::uint64_t> digits(std::string_view text, std::size_t count) {
  if (text.size() != count) return {};
  return parse_number(text);
}

}  // namespace

bool is_atom_char(char c) {
  // CHAR is 7 bit; atom-specials are left out.
  return c > ' ' && c < 0x7f && std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
}
bool is_astring_char(char c) {
  return is_atom_char(c) || c == ']';
}
bool is_tag_char(char c) {
  return is_astring_char(c) && c != '+';
}
bool is_list_char(char c) {
  return is_astring_char(c) || c == '%' || c == '*';
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  auto pieces = split(text, '-');
  if (pieces.size() != 3 || pieces[0].empty() || pieces[0].size() > 2) return {};
  auto day = parse_number(pieces[0]);
  auto year = digits(pieces[2], 4);
  auto month = std::find_if(kMonths.begin(), kMonths.end(), [&](std::string_view name) {
    return equals_ignoring_case(name, pieces[1]);
  });
  if (!day || !year || month == kMonths.end()) return {};
  std::chrono::year_month_day date{
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin() + 1)),
      std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return {};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<Time> parse_date_time(std::string_view text) {
  // dd-Mon-yyyy hh:mm:ss +zzzz
  if (text.size() != 26 || text[11] != ' ' || text[14] != ':' || text[17] != ':' ||
      text[20] != ' ' || (text[21] != '+' && text[21] != '-')) {
    return {};
  }
  std::string_view day = text.substr(0, 11);
  if (day[0] == ' ') day.remove_prefix(1);
  auto days = parse_date(day);
  auto hour = digits(text.substr(12, 2), 2), minute = digits(text.substr(15, 2), 2),
       second = digits(text.substr(18, 2), 2), zone_hour = digits(text.substr(22, 2), 2),
       zone_minute = digits(text.substr(24, 2), 2);
  if (!days || !hour || !minute || !second || !zone_hour || !zone_minute) return {};
  // 60 is a leap second.
  if (*hour > 23 || *minute > 59 || *second > 60 || *zone_minute > 59) return {};
  auto zone = static_cast<std::int64_t>(*zone_hour * 3600 + *zone_minute * 60);
  if (text[21] == '-') zone = -zone;
  std::int64_t seconds =
      *days * 86400 + static_cast<std::int64_t>(*hour * 3600 + *minute * 60 + *second) - zone;
  // Time counts nanoseconds, and so ends in 2262.
  constexpr std::int64_t kEnd = INT64_MAX / 1'000'000'000;
  return from_unix_seconds(std::clamp(seconds, -kEnd, kEnd));
}

void Lexer::fail(std::string text) {
  if (ok()) error_ = std::move(text);
}

void Lexer::expected(std::string_view what) {
  if (!ok()) return;
  std::string text = "Expected " + std::string(what);
  if (at_literal()) {
    text += ", found a literal";
  } else if (rest().empty()) {
    text += ", found the end of the command";
  } else {
    text += " at \"" + printable(rest(), 20) + "\"";
  }
  fail(std::move(text));
}

bool Lexer::at_end() const {
  if (!ok() || next_ < raw_.literals.size()) return false;
  return rest().find_first_not_of(' ') == std::string_view::npos;
}

bool Lexer::at(char c) const {
  return rest().starts_with(c);
}

bool Lexer::at_digit() const {
  return !rest().empty() && is_digit(rest()[0]);
}

bool Lexer::at_text(std::string_view text) const {
  return starts_with_ignoring_case(rest(), text);
}

bool Lexer::take(char c) {
  if (!at(c)) return false;
  ++position_;
  return true;
}

bool Lexer::take_word(std::string_view word) {
  std::string_view text = rest();
  if (!starts_with_ignoring_case(text, word)) return false;
  if (text.size() > word.size() && is_atom_char(text[word.size()])) return false;
  position_ += word.size();
  return true;
}

void Lexer::expect(char c) {
  if (!take(c)) expected(c == ' ' ? std::string("a space") : std::string("\"") + c + "\"");
}

void Lexer::end() {
  if (!at_end()) expected("the end of the command");
}

std::string_view Lexer::run(bool (*test)(char)) {
  std::string_view text = rest();
  std::size_t length = 0;
  while (length < text.size() && test(text[length])) ++length;
  position_ += length;
  return text.substr(0, length);
}

std::string Lexer::atom(std::string_view what) {
  std::string_view text = run(is_atom_char);
  if (text.empty()) expected(what);
  return std::string(text);
}

std::string Lexer::word(std::string_view what) {
  return to_upper(atom(what));
}

std::string Lexer::astring(std::string_view what) {
  if (at('"') || at_literal()) return string(what);
  std::string_view text = run(is_astring_char);
  if (text.empty()) expected(what);
  return std::string(text);
}

std::optional<std::string> Lexer::nstring(std::string_view what) {
  if (take_word("NIL")) return {};
  return string(what);
}

std::string Lexer::string(std::string_view what) {
  if (at('"')) return quoted();
  if (at_literal()) {
    const RawCommand::Literal& literal = raw_.literals[next_];
    if (literal.is_binary || literal.is_staged) {
      fail("A literal8 is not allowed here");
      return {};
    }
    ++next_;
    return literal.bytes;
  }
  expected(what);
  return {};
}

std::string Lexer::quoted() {
  std::string value;
  std::string_view text = rest();
  for (std::size_t i = 1; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      // RFC 6855 section 3, RFC 9051 section 4.3
      if (!is_utf8(value)) {
        fail("In a quoted string what is not ASCII is UTF-8");
        return {};
      }
      position_ += i + 1;
      return value;
    }
    if (c == '\\') {
      if (i + 1 == text.size() || (text[i + 1] != '"' && text[i + 1] != '\\')) {
        fail("In a quoted string a backslash stands only before \" and \\");
        return {};
      }
      c = text[++i];
    }
    if (c == '\r' || c == '\n' || c == '\0') break;
    value += c;
  }
  fail("Quoted string without its closing quote");
  return {};
}

std::string Lexer::list_mailbox() {
  if (at('"') || at_literal()) return string("a pattern");
  std::string_view text = run(is_list_char);
  if (text.empty()) expected("a pattern");
  return std::string(text);
}

std::uint64_t Lexer::number(std::uint64_t max) {
  auto mark = position_;
  auto value = parse_number(run(is_digit), max);
  if (!value) {
    position_ = mark;
    expected(at_digit() ? "a smaller number" : "a number");
  }
  return value.value_or(0);
}

std::uint64_t Lexer::nz_number(std::uint64_t max) {
  if (at('0')) expected("a number that does not start with 0");
  return number(max);
}

SequenceSet Lexer::sequence_set() {
  auto mark = position_;
  auto set = SequenceSet::parse(
      run([](char c) { return is_digit(c) || c == '*' || c == ':' || c == ',' || c == '$'; }));
  if (!set) {
    position_ = mark;
    expected("message numbers like 1:5,9,20:*");
  }
  return set.value_or(SequenceSet());
}

std::int64_t Lexer::date() {
  auto mark = position_;
  auto days = at('"') ? parse_date(quoted()) : parse_date(run(is_atom_char));
  if (!days) {
    position_ = mark;
    expected("a date like 1-Feb-1994");
  }
  return days.value_or(0);
}

Time Lexer::date_time() {
  auto mark = position_;
  auto time = at('"') ? parse_date_time(quoted()) : std::nullopt;
  if (!time) {
    position_ = mark;
    expected("a date like \" 1-Feb-1994 21:52:25 -0800\"");
  }
  return time.value_or(Time());
}

const RawCommand::Literal* Lexer::literal(std::string_view what) {
  if (!at_literal()) {
    expected(what);
    return nullptr;
  }
  return &raw_.literals[next_++];
}

}  // namespace waxwing::imap
