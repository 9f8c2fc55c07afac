#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waxwing {

// A message as programs of this machine write it, made into one that can be sent. Pure.

// Makes every end of a line CRLF, whatever it was: LF, CRLF, or CR, by which programs overwrite
// what they showed. Where `dot_ends`, a line with nothing but a dot ends the message.
class LineEnds {
 public:
  explicit LineEnds(bool dot_ends) : dot_ends_(dot_ends) {}
  // Appends the next piece to `made`. After the end nothing more.
  void pass(std::string_view piece, std::string& made);
  // No piece follows: the last line ends as well.
  void finish(std::string& made);
  bool ended() const { return ended_; }

 private:
  void end_line(std::string& made);

  const bool dot_ends_;
  bool ended_ = false, after_cr_ = false;
  std::string line_start_;  // nothing, or a dot that may be the end
  bool in_line_ = false;
};

// How much at the top of a text (with CRLF) is its header; without the empty line behind it.
// "From ..." of an mbox may stand first. Nothing where it begins otherwise.
std::size_t header_length(std::string_view text);

// The value of a field of addresses with "@host" behind each that has no domain: cron and scripts
// write "root". Comments, quotes and folds stay as they are.
std::string with_domains(std::string_view value, std::string_view host);

// The addresses of such a value, once it has its domains. None where it is not clear which they
// are.
std::vector<std::string> addresses_in(std::string_view value, std::string_view host);

// `name` as it stands before an address: quoted, or as encoded words.  RFC 5322 section 3.4, RFC
// 2047. Control characters are left out.
std::string display_name(std::string_view name);

struct SendmailHeader {
  std::string text;                     // without the empty line
  std::vector<std::string> recipients;  // of To, Cc and Bcc; of their Resent- forms where there are
};
// The header with domains where they were missing, and a From where there was none (`author`).
SendmailHeader complete_header(std::string_view header, std::string_view host,
                               std::string_view author);

}  // namespace waxwing
