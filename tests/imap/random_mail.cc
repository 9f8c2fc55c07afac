#include "tests/imap/random_mail.h"

#include <iconv.h>

#include <array>
#include <stdexcept>

#include "base/encoding.h"

namespace waxwing::imap {
namespace {

using namespace std::string_view_literals;

constexpr std::array kWords = {
    "meeting"sv,
    "Meetings"sv,
    "report"sv,
    "and"sv,
    "the"sv,
    "of"sv,
    "a"sv,
    "annual"sv,
    "alice@example.test"sv,
    "bob.smith+tag@corp.example"sv,
    "https://www.example.com/a?b=cdef"sv,
    "well-known"sv,
    "O'Neill"sv,
    "under_score"sv,
    "a.b"sv,
    "..."sv,
    "--"sv,
    "x1y2z3"sv,
    "Qm9zdG9uIHRlYSBwYXJ0eQ"sv,
    "caf\u00e9"sv,
    "cafe\u0301"sv,
    "Stra\u00dfe"sv,
    "STRASSE"sv,
    "\ufb01nance"sv,
    "soft\u00adhyphen"sv,
    "\u212aelvin"sv,
    "\u0130stanbul"sv,
    "na\u00efve"sv,
    "\u043f\u0440\u0438\u0432\u0435\u0442"sv,
    "\u041c\u0438\u0440"sv,
    "\u6771\u4eac"sv,
    "\u4f1a\u8b70\u306e\u6771\u4eac"sv,
    "\u00a0"sv,
    "\t"sv,
    "  "sv,
    "e\u0301\u0301"sv,
    "%20"sv,
    "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft"sv,
    "&eacute;"sv,
    "<b>bold</b>er"sv,
    "1,234.56"sv,
    "fullwidth\uff41\uff42"sv,
    "ab"sv};

std::string convert(const std::string& utf8, const char* charset) {
  const iconv_t converter = ::iconv_open((std::string(charset) + "//TRANSLIT").c_str(), "UTF-8");
  if (converter == iconv_t(-1)) throw std::runtime_error("no iconv");
  std::string in = utf8, out(4 * utf8.size() + 16, '\0');
  char* from = in.data();
  char* to = out.data();
  std::size_t from_left = in.size(), to_left = out.size();
  ::iconv(converter, &from, &from_left, &to, &to_left);
  ::iconv(converter, nullptr, nullptr, &to, &to_left);
  ::iconv_close(converter);
  out.resize(out.size() - to_left);
  return out;
}

std::string quoted_printable(const std::string& bytes) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto octet = static_cast<unsigned char>(bytes[i]);
    if (bytes.compare(i, 2, "\r\n") == 0) {
      out += "\r\n";
      column = 0;
      ++i;
      continue;
    }
    if (column > 70) {
      out += "=\r\n";
      column = 0;
    }
    if (octet < 0x21 || octet > 0x7e || octet == '=') {
      out += {'=', kHex[octet >> 4], kHex[octet & 15]};
      column += 3;
    } else {
      out += bytes[i];
      ++column;
    }
  }
  return out;
}

std::string base64_lines(const std::string& bytes) {
  const std::string encoded = base64(bytes);
  std::string out;
  for (std::size_t i = 0; i < encoded.size(); i += 76) out += encoded.substr(i, 76) + "\r\n";
  return out;
}

}  // namespace

std::string RandomMail::text(std::size_t words) {
  std::string result;
  for (std::size_t i = 0; i < words; ++i) {
    if (i > 0) {
      switch (below(12)) {
        case 0: result += "\r\n"; break;
        case 1: result += ", "; break;
        case 2: result += ". "; break;
        case 3: break;
        default: result += ' ';
      }
    }
    // Few are frequent and many are rare, and some are like no other.
    const std::size_t kind = below(10);
    if (kind < 8) {
      result += kWords[kind < 5 ? below(8) : below(kWords.size())];
    } else if (kind == 8) {
      for (std::size_t n = 3 + below(12); n > 0; --n) {
        result += static_cast<char>('a' + below(26));
      }
    } else {
      result += std::to_string(random_());
    }
  }
  return result;
}

std::string RandomMail::header_value() {
  std::string value = text(1 + below(8));
  std::erase(value, '\r');
  std::erase(value, '\n');
  switch (below(4)) {
    case 0: return "=?utf-8?B?" + base64(value) + "?=";
    case 1:
      return "=?utf-8?Q?" + quoted_printable(text(1)) + "?=\r\n =?utf-8?B?" + base64("x y") + "?=";
    case 2: return value.substr(0, value.find(' ')) + "\r\n\t folded\r\n  " + text(1);
    default: return value;
  }
}

std::string RandomMail::html(const std::string& shown) {
  static constexpr std::array kMarkup = {"<b>"sv,
                                         "</b>"sv,
                                         "<br>"sv,
                                         "<p class=\"a > meeting\">"sv,
                                         "<a href=https://www.example.com/a?b=cdef>"sv,
                                         "<!-- annual report -->"sv,
                                         "<script>the < of</script>"sv,
                                         "<img alt='caf&eacute; report'>"sv,
                                         "&shy;"sv,
                                         "&nbsp;"sv,
                                         "&eacute"sv,
                                         "&#233;"sv,
                                         "&amp"sv,
                                         "<"sv,
                                         "&"sv};
  std::string result = below(2) == 0 ? "<html><head><title>" + text(3) + "</title></head>" : "";
  for (const char c : shown) {
    const bool is_first = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (is_first && below(20) == 0) result += kMarkup[below(kMarkup.size())];
    result += c;
  }
  // A long one is read in several pieces.
  if (below(50) == 0) result += "<table class='" + std::string(65'000, 'x') + "'>" + result;
  // And what is not finished hides the rest.
  if (below(10) == 0) result += "<style>" + text(3);
  return result;
}

std::string RandomMail::leaf() {
  static constexpr std::array kCharsets = {"utf-8",       "iso-8859-1", "windows-1251",
                                           "koi8-r",      "utf-16",     "iso-2022-jp",
                                           "iso-8859-15", "utf-8",      "us-ascii"};
  const char* charset = kCharsets[below(kCharsets.size())];
  static constexpr std::array kTypes = {"text/plain", "text/html", "text/csv", "text/plain",
                                        "application/octet-stream"};
  std::string body = text(below(60));
  const std::string_view type = kTypes[below(kTypes.size())];
  if (type == "text/html") body = html(body);
  body = convert(body, charset);
  std::string header = "Content-Type: " + std::string(type) +
                       "; charset=" + (below(9) == 0 ? "unknown" : charset) + "\r\n";
  if (below(3) == 0) {
    header += "Content-Disposition: attachment;\r\n filename=\"" + std::to_string(below(100)) +
              "-minutes.txt\"\r\n";
  }
  switch (below(3)) {
    case 0: return header + "Content-Transfer-Encoding: base64\r\n\r\n" + base64_lines(body);
    case 1:
      return header + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" +
             quoted_printable(body) + "\r\n";
    default: return header + "Content-Transfer-Encoding: 8bit\r\n\r\n" + body + "\r\n";
  }
}

std::string RandomMail::part(int depth) {
  if (depth > 2 || below(3) > 0) return leaf();
  if (below(4) == 0) return "Content-Type: message/rfc822\r\n\r\n" + message();
  const std::string boundary = "b" + std::to_string(random_());
  std::string result =
      "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\npreamble\r\n";
  for (std::size_t n = 1 + below(3); n > 0; --n) {
    result += "--" + boundary + "\r\n" + part(depth + 1) + "\r\n";
  }
  return result + "--" + boundary + "--\r\n";
}

std::string RandomMail::message() {
  std::string result = "From: " + header_value() + " <a" + std::to_string(below(20)) +
                       "@example.test>\r\nTo: " + header_value() +
                       "\r\nSubject: " + header_value() +
                       "\r\nX-Trace: " + std::to_string(random_()) + "\r\n";
  return result + "MIME-Version: 1.0\r\n" + part(0);
}

std::string RandomMail::needle() {
  std::string whole = below(12) == 0 ? "zqxabsent" : text(1 + below(4));
  std::erase(whole, '\r');
  for (char& c : whole) {
    if (c == '\n') c = ' ';
  }
  if (whole.empty() || below(3) == 0) return whole.empty() ? "x" : whole;
  const auto begins = [&](std::size_t i) {
    return i >= whole.size() || (static_cast<unsigned char>(whole[i]) & 0xc0) != 0x80;
  };
  std::size_t first = below(whole.size()), last = first + 1 + below(12);
  while (!begins(first)) --first;
  last = std::min(last, whole.size());
  while (!begins(last)) ++last;
  return whole.substr(first, last - first);
}

}  // namespace waxwing::imap
