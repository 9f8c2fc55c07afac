#include "protocols/mail/preview.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/transfer.h"

namespace waxwing::mail {
namespace {

constexpr std::size_t kMaxCharacters = 200;

// The character that "&name;" stands for; 0 when it is none that matters in a preview.
char32_t entity(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, char32_t>, 12> kNamed = {{
      {"amp", '&'},
      {"lt", '<'},
      {"gt", '>'},
      {"quot", '"'},
      {"apos", '\''},
      {"nbsp", ' '},
      {"copy", 0xa9},
      {"ndash", 0x2013},
      {"mdash", 0x2014},
      {"hellip", 0x2026},
      {"rsquo", 0x2019},
      {"euro", 0x20ac},
  }};
  for (const auto& [known, character] : kNamed) {
    if (name == known) return character;
  }
  // Invisible padding that newsletters put behind their preview text.
  if (name == "zwnj" || name == "zwj" || name == "shy") return ' ';
  if (!name.starts_with('#')) return 0;
  name.remove_prefix(1);
  char32_t value = 0;
  const bool is_hex = name.starts_with('x') || name.starts_with('X');
  for (const char c : name.substr(is_hex ? 1 : 0)) {
    const int digit = is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10;
    if (digit < 0 || digit >= (is_hex ? 16 : 10) || value > 0x10ffff) return 0;
    value = value * (is_hex ? 16 : 10) + static_cast<char32_t>(digit);
  }
  return value;
}

// Elements whose text nobody reads.
bool is_hidden(std::string_view name) {
  return equals_ignoring_case(name, "style") || equals_ignoring_case(name, "script") ||
         equals_ignoring_case(name, "title");
}

// Elements that end no word: "<b>bold</b>er".
bool is_inline(std::string_view name) {
  static constexpr std::array<std::string_view, 13> kInline = {
      "a", "b", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "u"};
  return std::ranges::any_of(
      kInline, [&](std::string_view known) { return equals_ignoring_case(name, known); });
}

// Where the tag that starts at `at` ends; quoted attributes may hold ">".
std::size_t tag_end(std::string_view html, std::size_t at) {
  char quote = '\0';
  for (; at < html.size(); ++at) {
    const char c = html[at];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return at + 1;
    }
  }
  return html.size();
}

// Where "</name" starts, at or behind `at`.
std::size_t closing_tag(std::string_view html, std::size_t at, std::string_view name) {
  for (;;) {
    at = html.find("</", at);
    if (at == std::string_view::npos) return html.size();
    if (starts_with_ignoring_case(html.substr(at + 2), name)) return at;
    at += 2;
  }
}

// White space and control characters.
bool is_blank(char32_t c) {
  return c <= 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

// Characters that show nothing. Newsletters fill hundreds of them behind their first line.
bool is_invisible(char32_t c) {
  return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

// Inside of a word these two have a meaning: Persian is written with one, emoji with the other.
bool is_joiner(char32_t c) {
  return c == 0x200c || c == 0x200d;
}

// The beginning of a text on one line. It takes no more than it shows: a preview is made of every
// message that comes in.
class OneLine {
 public:
  // More of the text, which is well-formed UTF-8.
  void add(std::string_view text) {
    for (std::size_t at = 0; at < text.size() && !is_full();) add(next_character(text, at));
  }
  bool is_full() const { return characters_ == kMaxCharacters; }
  std::string text() const { return std::string(trim(line_)); }

 private:
  void add(char32_t c) {
    const bool follows_blank = line_.empty() || line_.back() == ' ';
    if (is_blank(c)) {
      if (follows_blank) return;
      c = ' ';
    } else if (is_invisible(c) && !(is_joiner(c) && !follows_blank)) {
      return;
    }
    append_utf8(line_, c);
    ++characters_;
  }

  std::string line_;
  std::size_t characters_ = 0;
};

std::string on_one_line(std::string_view text) {
  OneLine line;
  line.add(text);
  return line.text();
}

// Without the lines that quote another message.
std::string on_one_line_unquoted(std::string_view text) {
  OneLine line;
  for (std::size_t at = 0; at < text.size() && !line.is_full();) {
    const std::string_view next = text.substr(at, text.find('\n', at) - at);
    at += next.size() + 1;
    if (next.starts_with('>')) continue;
    line.add(next);
    line.add("\n");
  }
  return line.text();
}

}  // namespace

std::string strip_html(std::string_view html) {
  std::string text;
  for (std::size_t at = 0; at < html.size();) {
    const char c = html[at];
    if (c == '<') {
      if (html.substr(at).starts_with("<!--")) {
        const std::size_t end = html.find("-->", at + 4);
        at = end == std::string_view::npos ? html.size() : end + 3;
        continue;
      }
      const std::string_view rest = html.substr(at + 1, 16);
      const bool is_closing = rest.starts_with('/');
      const std::string_view behind = rest.substr(is_closing ? 1 : 0);
      const std::string_view name = behind.substr(0, behind.find_first_of(" \t\r\n/>"));
      at = tag_end(html, at + 1);
      if (!is_closing && is_hidden(name)) at = closing_tag(html, at, name);
      if (!is_inline(name)) text += ' ';
    } else if (c == '&') {
      const std::size_t end = html.substr(at, 12).find(';');
      const char32_t character =
          end == std::string_view::npos ? 0 : entity(html.substr(at + 1, end - 1));
      if (character != 0) {
        append_utf8(text, character);
        at += end + 1;
      } else {
        text += '&';
        ++at;
      }
    } else {
      text += c;
      ++at;
    }
  }
  return text;
}

std::string make_preview(const TextSample& sample) {
  const std::string bytes = decode_transfer(sample.encoding, sample.bytes);
  const std::string text = guess_utf8(bytes, sample.charset);
  if (sample.is_html) return on_one_line(strip_html(text));
  std::string preview = on_one_line_unquoted(text);
  return preview.empty() ? on_one_line(text) : preview;
}

}  // namespace waxwing::mail
