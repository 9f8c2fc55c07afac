#include "protocols/imap/writer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/text.h"
#include "protocols/imap/lexer.h"

namespace waxwing::imap {
namespace {

// Longer strings are literals: some clients read quoted strings into small buffers.
constexpr std::size_t kMaxQuoted = 1000;

enum class Quotable { Ascii, Utf8 };

bool is_quotable(std::string_view text, Quotable quotable) {
  if (text.size() > kMaxQuoted) return false;
  bool is_clean = std::none_of(text.begin(), text.end(),
                               [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  return is_clean && (is_ascii(text) || (quotable == Quotable::Utf8 && is_utf8(text)));
}

std::string to_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

bool is_astring(std::string_view text) {
  // The word NIL would be read as no text at all where an nstring may stand.
  return !text.empty() && text.size() <= kMaxQuoted && !equals_ignoring_case(text, "NIL") &&
         std::all_of(text.begin(), text.end(), is_astring_char);
}

}  // namespace

std::string to_string(std::string_view text) {
  if (is_quotable(text, Quotable::Ascii)) return to_quoted(text);
  if (text.find('\0') == text.npos) return to_literal(text);
  std::string clean(text);
  std::erase(clean, '\0');
  return to_string(clean);
}

std::string to_nstring(const std::optional<std::string>& text) {
  return text ? to_string(*text) : "NIL";
}

std::string literal_head(std::uint64_t size) {
  return "{" + std::to_string(size) + "}\r\n";
}

std::string literal8_head(std::uint64_t size) {
  return "~" + literal_head(size);
}

std::string to_literal(std::string_view bytes) {
  std::string literal = literal_head(bytes.size());
  return literal += bytes;
}

std::string to_mailbox(std::string_view name, NameEncoding encoding) {
  std::string wire = encode_name(name, encoding);
  if (is_astring(wire)) return wire;
  return is_quotable(wire, Quotable::Utf8) ? to_quoted(wire) : to_string(wire);
}

std::string to_astring(std::string_view text) {
  return is_astring(text) ? std::string(text) : to_string(text);
}

std::string to_flag_list(Flags flags, const std::vector<std::string>& keywords, Recent recent) {
  std::string list = "(";
  auto add = [&list](std::string_view flag) {
    if (list.size() > 1) list += ' ';
    list += flag;
  };
  for (const auto& [name, bit] : kSystemFlags) {
    if (flags.has(bit)) add(name);
  }
  if (recent == Recent::Yes) add("\\Recent");
  int count = static_cast<int>(std::min<std::size_t>(keywords.size(), Flags::kMaxKeywords));
  for (int i = 0; i < count; ++i) {
    if (flags.has_keyword(i)) add(keywords[static_cast<std::size_t>(i)]);
  }
  return list += ')';
}

std::string to_date_time(std::int64_t unix_seconds) {
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // Four digits of a year are all there are.
  constexpr std::int64_t kFirst = -62'167'219'200, kLast = 253'402'300'799;
  std::chrono::sys_seconds time{std::chrono::seconds(std::clamp(unix_seconds, kFirst, kLast))};
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss clock{time - day};
  char text[64];
  std::snprintf(text, sizeof text, "\"%2u-%s-%04d %02d:%02d:%02d +0000\"",
                static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace waxwing::imap
