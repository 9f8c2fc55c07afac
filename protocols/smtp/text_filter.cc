#include "protocols/smtp/text_filter.h"

#include <cstdint>
#include <cstring>

namespace waxwing::smtp {
namespace {

constexpr std::uint64_t kEach = 0x0101010101010101;  // one in each octet

// Whether one of eight octets is 0: less one, that alone borrows from its highest bit.
constexpr bool has_zero(std::uint64_t octets) {
  return ((octets - kEach) & ~octets & (kEach << 7)) != 0;
}

// How many octets there are before the first CR or LF. Lines are short, so eight octets at a time
// are cheaper than two searches for each line.
std::size_t until_newline(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t octets = 0; at + sizeof octets <= text.size(); at += sizeof octets) {
    std::memcpy(&octets, text.data() + at, sizeof octets);
    if (has_zero(octets ^ (kEach * '\r')) || has_zero(octets ^ (kEach * '\n'))) break;
  }
  while (at < text.size() && text[at] != '\r' && text[at] != '\n') ++at;
  return at;
}

}  // namespace

// Where newlines are converted, a run of CRs with or without a LF behind it is one line break:
// "\r\r\n" is what programs produce that translate newlines twice.
void TextFilter::pass(std::string_view text, std::string& kept) {
  while (!text.empty() && fault_ == Fault::None) {
    if (pending_cr_) {
      if (text.front() == '\r') {
        several_crs_ = true;
        text.remove_prefix(1);
        continue;
      }
      const bool line_feed = text.front() == '\n';
      if (line_feed) text.remove_prefix(1);
      end_line(several_crs_ || !line_feed ? Newline::Bare : Newline::Crlf, kept);
      pending_cr_ = several_crs_ = false;
      continue;
    }
    const std::size_t length = until_newline(text);
    keep(text.substr(0, length), kept);
    if (length == text.size()) return;
    if (text[length] == '\r') {
      pending_cr_ = true;
    } else {
      end_line(Newline::Bare, kept);
    }
    text.remove_prefix(length + 1);
  }
}

void TextFilter::finish(std::string& kept) {
  if (pending_cr_ && fault_ == Fault::None) end_line(Newline::Bare, kept);
  pending_cr_ = false;
}

void TextFilter::keep(std::string_view text, std::string& kept) {
  line_ += text.size();
  if (line_ > kMaxLine) {
    fault_ = Fault::LongLine;
    return;
  }
  kept += text;
}

void TextFilter::end_line(Newline newline, std::string& kept) {
  if (newline == Newline::Bare && policy_ == Settings::BareNewlines::Reject) {
    fault_ = Fault::BareNewline;
    return;
  }
  kept += "\r\n";
  line_ = 0;
}

}  // namespace waxwing::smtp
