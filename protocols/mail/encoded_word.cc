#include "protocols/mail/encoded_word.h"

#include "base/encoding.h"
#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/content.h"
#include "protocols/mail/header.h"
#include "protocols/mail/transfer.h"

namespace waxwing::mail {
namespace {

// "=?charset*language?encoding?text?=" as found at the start of a text.
struct EncodedWord {
  std::string_view charset;
  char encoding = 'q';
  std::string_view text;
  std::size_t size = 0;  // of the whole word
};

std::optional<EncodedWord> read_encoded_word(std::string_view text) {
  if (!text.starts_with("=?")) return std::nullopt;
  // Real charsets are short; a bound keeps "=?=?=?..." linear.
  const std::size_t charset_end = text.substr(0, 128).find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= text.size()) return std::nullopt;
  if (text[charset_end + 2] != '?') return std::nullopt;
  EncodedWord word;
  word.charset = text.substr(2, charset_end - 2);
  word.charset = word.charset.substr(0, word.charset.find('*'));  // RFC 2231 section 5
  word.encoding = to_lower(text[charset_end + 1]);
  if (word.charset.empty() || (word.encoding != 'q' && word.encoding != 'b')) return std::nullopt;
  const std::size_t start = charset_end + 3;
  // Over 75 characters are forbidden and common.
  const std::size_t end = text.substr(0, 4096).find("?=", start);
  if (end == std::string_view::npos) return std::nullopt;
  word.text = text.substr(start, end - start);
  word.size = end + 2;
  return word;
}

std::string word_bytes(const EncodedWord& word) {
  if (word.encoding == 'b') return decode_transfer("base64", word.text);
  std::string text(word.text);
  for (char& c : text) {
    if (c == '_') c = ' ';
  }
  // The "Q" encoding has no line ends, so a blank at the end is text.
  if (text.ends_with(' ')) text.replace(text.size() - 1, 1, "=20");
  return decode_transfer("quoted-printable", text);
}

// Decodes what was gathered from neighbouring words of one charset: writers split characters.
void flush(std::string& bytes, std::string& charset, std::string& out) {
  if (!bytes.empty()) out += guess_utf8(bytes, charset);
  bytes.clear();
  charset.clear();
}

// The value behind "charset'language'", where there is that prefix; the charset goes out.
std::string_view strip_charset(std::string_view value, std::string& charset) {
  const std::size_t first = value.find('\'');
  if (first == std::string_view::npos) return value;
  const std::size_t second = value.find('\'', first + 1);
  if (second == std::string_view::npos) return value;
  charset = value.substr(0, first);
  return value.substr(second + 1);
}

// The piece of a long value under this name, plain (name*1) or percent-encoded (name*1*).
std::optional<std::string> find_piece(const Parameters& parameters, const std::string& name,
                                      std::string& charset) {
  if (const std::string* extended = find_parameter(parameters, name + "*")) {
    const std::string_view value =
        charset.empty() ? strip_charset(*extended, charset) : std::string_view(*extended);
    return from_percent(value).value_or(std::string(value));
  }
  if (const std::string* plain = find_parameter(parameters, name)) return *plain;
  return std::nullopt;
}

}  // namespace

std::string decode_words(std::string_view raw) {
  const std::string value = unfold(raw);
  std::string_view rest = value;
  std::string out, bytes, charset;
  bool after_word = false;
  while (!rest.empty()) {
    const std::size_t start = rest.find("=?");
    const std::string_view before = rest.substr(0, start);
    const auto word =
        start == std::string_view::npos ? std::nullopt : read_encoded_word(rest.substr(start));
    if (!word) {
      flush(bytes, charset, out);
      const std::size_t plain = start == std::string_view::npos ? rest.size() : start + 2;
      out += guess_utf8(rest.substr(0, plain));
      rest.remove_prefix(plain);
      after_word = false;
      continue;
    }
    // White space between two encoded words is not part of the text.  RFC 2047 section 6.2
    const bool only_space = before.find_first_not_of(" \t") == std::string_view::npos;
    if (!(after_word && only_space)) {
      flush(bytes, charset, out);
      out += guess_utf8(before);
    }
    if (!equals_ignoring_case(charset, word->charset)) flush(bytes, charset, out);
    charset = word->charset;
    bytes += word_bytes(*word);
    rest.remove_prefix(start + word->size);
    after_word = true;
  }
  flush(bytes, charset, out);
  for (char& c : out) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';  // smuggled in by an encoded word
  }
  return out;
}

std::optional<std::string> decode_parameter(const Parameters& parameters, std::string_view name) {
  const std::string key(name);
  std::string charset, bytes;
  if (find_parameter(parameters, key + "*")) {
    bytes = find_piece(parameters, key, charset).value_or("");
    return guess_utf8(bytes, charset);
  }
  for (std::size_t count = 0; count <= kMaxParameters; ++count) {
    const auto piece = find_piece(parameters, key + "*" + std::to_string(count), charset);
    if (piece) {
      bytes += *piece;
    } else if (count > 0) {
      return guess_utf8(bytes, charset);
    } else {
      break;
    }
  }
  if (const std::string* plain = find_parameter(parameters, key)) return decode_words(*plain);
  return std::nullopt;
}

}  // namespace waxwing::mail
