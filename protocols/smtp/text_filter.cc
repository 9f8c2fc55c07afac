#include "protocols/smtp/text_filter.h"

namespace waxwing::smtp {

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
    // Lines are short, so one look at each octet is cheaper here than two searches per line.
    std::size_t length = 0;
    while (length < text.size() && text[length] != '\r' && text[length] != '\n') ++length;
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
