#include "protocols/mail/preview.h"

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/html_text.h"
#include "protocols/mail/transfer.h"

namespace waxwing::mail {
namespace {

constexpr std::size_t kMaxCharacters = 200;

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

// Reads no more than it shows.
std::string html_on_one_line(std::string_view html) {
  constexpr std::size_t kPiece = 512;
  HtmlText reader(HtmlText::Extras::Without);
  OneLine line;
  std::string shown;
  while (!html.empty() && !line.is_full()) {
    const std::string_view piece = first_characters(html, kPiece);
    html.remove_prefix(piece.size());
    shown.clear();
    reader.feed(piece, shown);
    line.add(shown);
  }
  shown.clear();
  reader.finish(shown);
  line.add(shown);
  return line.text();
}

}  // namespace

std::string make_preview(const TextSample& sample) {
  const std::string bytes = decode_transfer(sample.encoding, sample.bytes);
  const std::string text = guess_utf8(bytes, sample.charset);
  if (sample.is_html) return html_on_one_line(text);
  std::string preview = on_one_line_unquoted(text);
  return preview.empty() ? on_one_line(text) : preview;
}

}  // namespace waxwing::mail
